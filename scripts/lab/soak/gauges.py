"""What the backend's processes use, and how soon `/health` answers, all the time."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import requests

from scripts.lab.soak.installation import Installation, Part
from scripts.stack.http import local_session

EVERY_SECONDS = 5.0
HEALTH_SECONDS = 1.0
HEALTH_PATIENCE = 20.0


@dataclass(frozen=True)
class Sample:
    """What was used at one moment.

    Attributes:
        at: seconds since the beginning.
        megabytes: of memory, by process, with its children; shared pages count once for each.
        threads: by process, with its children.
        disk_megabytes: of MODEL_DIR.
    """

    at: float
    megabytes: dict[Part, float]
    threads: dict[Part, int]
    disk_megabytes: float


@dataclass
class Gauges:
    """All that was sampled.

    Attributes:
        samples: in order.
        health: seconds that each answer of `/health` took, while the web process was there.
        statuses: of those answers.
    """

    samples: list[Sample] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


class Sampler:
    """Two threads that sample until they are stopped."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._stopping = threading.Event()
        self._began = time.monotonic()
        self.gauges = Gauges()

    def start(self) -> None:
        """Begin to sample."""
        for work, seconds in ((self._sample, EVERY_SECONDS), (self._ask, HEALTH_SECONDS)):
            threading.Thread(target=self._repeat, args=(work, seconds), daemon=True).start()

    def stop(self) -> None:
        """Sample no more."""
        self._stopping.set()

    def _repeat(self, work: Callable[[], None], seconds: float) -> None:
        while not self._stopping.wait(seconds):
            with suppress(psutil.Error, OSError):
                work()

    def _sample(self) -> None:
        megabytes: dict[Part, float] = {}
        threads: dict[Part, int] = {}
        for part in (Part.WEB, Part.WORKER):
            process = psutil.Process(self._installation.processes[part].pid)
            family = [process, *process.children(recursive=True)]
            megabytes[part] = sum(each.memory_info().rss for each in family) / 1e6
            threads[part] = sum(each.num_threads() for each in family)
        used = sum(file.stat().st_size for file in _files(self._installation.server.folder))
        self.gauges.samples.append(Sample(time.monotonic() - self._began, megabytes, threads, used / 1e6))

    def _ask(self) -> None:
        begun, pid = time.monotonic(), self._installation.processes[Part.WEB].pid
        with local_session() as session:
            try:
                status = session.get(f"{self._installation.server.url}/health", timeout=HEALTH_PATIENCE).status_code
            except requests.ConnectionError:
                return  # It is being killed, or starts.
            except requests.Timeout:
                status = 599
        if pid == self._installation.processes[Part.WEB].pid:
            self.gauges.health.append(time.monotonic() - begun)
            self.gauges.statuses.append(status)


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink() and file.name != ".filler"]
