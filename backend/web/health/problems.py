"""Everything that is wrong now, of all that the web process knows: what `/health`, `/metrics` and `connect` tell.

One function an area; each looks at the `Status` only, so that an answer never waits.
"""

import time
from collections.abc import Iterator

from backend import __version__
from backend.causes.kinds import EXPLANATIONS, CauseKind
from backend.settings import Settings
from backend.store.records.finetuning import AT_WORK
from backend.store.records.mirror import NOT_CONNECTED
from backend.web.health.exposure import exposure
from backend.web.health.problem import Problem, ProblemKind, problem
from backend.web.health.project_problems import of_a_project, of_its_runs
from backend.web.health.status import Status
from backend.web.health.wording import count, duration, room

STALE_SECONDS = 30.0
"""Everything is looked at every few seconds; Label Studio may take ten to answer."""

CLOCK_SECONDS = 60.0
UNTRACKED_SECONDS = 3600.0

EXPORTING = "No worker is running yet; one that makes the backbone ready begins after that."


def gather(status: Status, settings: Settings) -> Iterator[Problem]:
    """What is wrong, the most general first.

    Args:
        status: as last seen.
        settings: of this backend.
    """
    open_to = exposure(settings)
    if open_to is not None:
        yield problem(ProblemKind.OPEN_TO_ANYBODY, open_to)
    if not status.probed:
        yield problem(ProblemKind.STARTING)
        yield from _of_the_checks(status)
        return
    yield from _of_the_checks(status)
    yield from _of_redis_and_workers(status)
    yield from _of_label_studio(status)
    yield from _of_this_machine(status)
    if settings.holdout_share >= 1.0:
        yield problem(ProblemKind.NOTHING_BUT_HOLDOUT)
    for number, mirrored in sorted(status.projects.items()):
        if mirrored.problem != NOT_CONNECTED:
            yield from of_a_project(number, mirrored, status)
    for number in sorted((status.failing.keys() | status.standings.keys()) - status.projects.keys()):
        yield from of_its_runs(number, status)


def _of_the_checks(status: Status) -> Iterator[Problem]:
    age = time.monotonic() - min(status.looked.values(), default=time.monotonic())
    if age > STALE_SECONDS:
        yield problem(
            ProblemKind.CHECKS_STAND_STILL,
            f"Some of what is said here is {duration(age)} old: something that is asked hangs, or fails each time.",
        )
    for trouble in list(status.database.values())[:1]:
        yield problem(ProblemKind.DATABASE, f"The SQL database can't be read: {trouble.message}.", trouble.mend)


def _of_redis_and_workers(status: Status) -> Iterator[Problem]:
    if status.redis is not None:
        yield problem(
            ProblemKind.REDIS,
            f"Redis does not answer, or takes no writes: {status.redis.message}. Nothing trains meanwhile.",
            f"{status.redis.mend} The setting is REDIS_URL.",
        )
        return
    if status.redis_may_forget:
        yield problem(ProblemKind.REDIS_FORGETS)
    if status.workers == 0:
        yield problem(ProblemKind.NO_WORKER, "" if status.backbone_ready else EXPORTING)
    others = sorted(status.worker_releases - {__version__})
    if others:
        yield problem(
            ProblemKind.OTHER_RELEASE,
            f"A worker is of another release ({', '.join(others)}) than this web process ({__version__}).",
        )
    if not status.training_workers:
        for number, finetuning in sorted(status.finetunings.items()):
            if finetuning.phase in AT_WORK and number not in status.cancelled:
                yield problem(
                    ProblemKind.NO_TRAINING_WORKER,
                    "It waits for its fine-tuning, but no training worker is running.",
                    project=number,
                )


def _of_label_studio(status: Status) -> Iterator[Problem]:
    if status.label_studio_problem is not None:
        yield Problem(ProblemKind.LABEL_STUDIO, status.label_studio_problem, "")
    for whose, skew in sorted(status.clocks.items()):
        if abs(skew) > CLOCK_SECONDS:
            ahead = "ahead of" if skew > 0 else "behind"
            yield problem(
                ProblemKind.CLOCKS, f"The clock of {whose} is {duration(abs(skew))} {ahead} that of this machine."
            )


def _of_this_machine(status: Status) -> Iterator[Problem]:
    if not status.backbone_ready:
        yield problem(ProblemKind.NO_BACKBONE)
    yield from _of_the_disk(status)
    if not status.alone:
        yield problem(ProblemKind.TWO_WEB_PROCESSES)
    if status.set_aside:
        newest, number = status.set_aside[-1], len(status.set_aside)
        lost = " ".join(dict.fromkeys(each.lost for each in status.set_aside if each.lost))
        yield problem(
            ProblemKind.SET_ASIDE,
            f"{count(number, 'file or folder was', 'files and folders were')} unreadable and set aside, "
            f"{newest.path} last ({newest.reason}). {lost}",
        )
    if status.untracked_seconds > UNTRACKED_SECONDS:
        yield problem(
            ProblemKind.NOT_TRACKED,
            f"{count(status.outbox, 'item waits', 'items wait')} for MLflow, the oldest for "
            f"{duration(status.untracked_seconds)}.",
        )


def _of_the_disk(status: Status) -> Iterator[Problem]:
    disk, trouble = status.disk, status.disk_problem
    if trouble is not None:
        yield problem(ProblemKind.DISK, f"MODEL_DIR can't be used: {trouble.message}.", trouble.mend)
    elif disk is not None and not disk.writable:
        mends = (EXPLANATIONS[kind].mend for kind in (CauseKind.DISK_READ_ONLY, CauseKind.DISK_DENIED))
        yield problem(
            ProblemKind.DISK,
            f"MODEL_DIR ({disk.folder}) can't be written to: its disk is read-only, or the folder somebody else's.",
            " ".join(mends),
        )
    elif disk is not None and disk.is_low:
        files = "" if disk.inodes is None else f", for {disk.inodes:,} files at most"
        yield problem(
            ProblemKind.DISK,
            f"The disk of MODEL_DIR ({disk.folder}) is nearly full: {room(disk.free)} free{files}.",
        )
