"""What is broken: each fault is made, lasts a while, and is over when its function returns."""

import os
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from scripts.lab.soak import payloads
from scripts.lab.soak.images import HOSTILE, Trap
from scripts.lab.soak.installation import Installation, Part
from scripts.lab.soak.kinds import FaultName
from scripts.lab.soak.projects import SoakProject
from scripts.lab.soak.proxy import SILENT_SECONDS, Mood
from scripts.lab.soak.watch import DatabaseWatch, version_files

PASSING_SECONDS = 4.0
FULL_SECONDS = 10.0
WORK_SECONDS = 10.0
TRAPS_AT_ONCE = 3


@dataclass
class Stage:
    """What faults are made with.

    Attributes:
        installation: that is broken.
        projects: that are labelled.
        watch: which version is active.
        chance: of everything random.
        routes: of the web process.
        statuses: of the answers to malformed payloads.
    """

    installation: Installation
    projects: Sequence[SoakProject]
    watch: DatabaseWatch
    chance: random.Random
    routes: Sequence[str]
    statuses: list[int] = field(default_factory=list)

    def traps(self, *kinds: Trap) -> None:
        """Give a project tasks whose images can't be used."""
        self.chance.choice(self.projects).add_traps([self.chance.choice(kinds) for _ in range(TRAPS_AT_ONCE)])


def _kill(part: Part) -> Callable[[Stage], None]:
    return lambda stage: stage.installation.kill(part)


def _moody(mood: Mood, seconds: float = PASSING_SECONDS) -> Callable[[Stage], None]:
    def fault(stage: Stage) -> None:
        with stage.installation.proxy.moody(mood):
            time.sleep(seconds)

    return fault


def _traps(*kinds: Trap) -> Callable[[Stage], None]:
    return lambda stage: stage.traps(*kinds)


def _kill_work_horse(stage: Stage) -> None:
    deadline = time.monotonic() + WORK_SECONDS
    while not stage.installation.kill_work_horse() and time.monotonic() < deadline:
        time.sleep(0.05)


def _send_malformed(stage: Stage) -> None:
    stage.statuses += payloads.send_malformed(stage.installation, stage.routes, stage.chance)


def _corrupt(stage: Stage) -> None:
    name, _ = stage.watch.newest(stage.chance.choice(stage.projects).id)
    files = version_files(stage.installation.server.folder, name) if name else []
    if files:
        stage.installation.corrupt(stage.chance.choice(files), name, b"\x00garbage" * 9)


def _fill_disk(stage: Stage) -> None:
    disk = stage.installation.disk
    if disk is None:
        return
    filler = disk / ".filler"
    try:
        with filler.open("wb") as file, suppress(OSError):
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            os.posix_fallocate(file.fileno(), 0, max(1, free - 4096))
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        time.sleep(FULL_SECONDS)
    finally:
        filler.unlink(missing_ok=True)


FAULTS: dict[FaultName, Callable[[Stage], None]] = {
    FaultName.WEB: _kill(Part.WEB),
    FaultName.WORKER: _kill(Part.WORKER),
    FaultName.WORK_HORSE: _kill_work_horse,
    FaultName.REDIS: _kill(Part.REDIS),
    FaultName.LABEL_STUDIO: _kill(Part.LABEL_STUDIO),
    FaultName.NOT_FOUND: _moody(Mood.NOT_FOUND),
    FaultName.ERROR: _moody(Mood.ERROR),
    FaultName.BAD_GATEWAY: _moody(Mood.BAD_GATEWAY),
    FaultName.TORN: _moody(Mood.TORN),
    FaultName.SILENT: _moody(Mood.SILENT, SILENT_SECONDS),
    FaultName.DRIPPING: _traps(Trap.DRIPPING),
    FaultName.DEAD: _traps(Trap.DEAD, Trap.GONE),
    FaultName.HOSTILE: _traps(*HOSTILE),
    FaultName.MALFORMED: _send_malformed,
    FaultName.HALF_SENT: lambda stage: payloads.leave_half_sent(stage.installation),
    FaultName.CORRUPT: _corrupt,
    FaultName.FULL_DISK: _fill_disk,
}


def order(names: Sequence[FaultName], chance: random.Random) -> Callable[[], FaultName]:
    """Hands out the faults in random order, each as often as the others."""
    waiting: list[FaultName] = []

    def following() -> FaultName:
        if not waiting:
            waiting.extend(chance.sample(names, len(names)))
        return waiting.pop()

    return following
