"""A backend of its own with one project, made to be broken: its processes can be killed and started one by one."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import requests

from scripts.stack.backend import BackendServer, web_spec, worker_spec
from scripts.stack.errors import StackError
from scripts.stack.ports import choose_port
from scripts.stack.processes import LocalProcess
from scripts.stack.redis import redis_spec
from tests.faults.watching import Watch
from tests.support.label_studio import RunningLabelStudio
from tests.support.project import LabelledProject
from tests.support.stack import RunningRedis, RunningStack
from tests.support.waiting import until

PER_CLASS = 20
FIRST_LABELS = 10
"""Enough to end the cold start, whose order takes a second of computing to make."""

_promised: set[int] = set()
_promising = threading.Lock()


@dataclass
class Rig:
    """A running backend whose worker can be made to fail, and a project with a first version of some labels.

    Attributes:
        submitted: annotations so far.
        workers: every worker that was started.
    """

    stack: RunningStack
    project: LabelledProject
    watch: Watch
    submitted: list[int] = field(default_factory=list)
    workers: list[LocalProcess] = field(default_factory=list)

    def start_worker(self) -> None:
        """Start another worker; returns when it takes jobs."""
        worker = _worker(self.stack.server, self.stack.folder, len(self.workers) + 1)
        self.workers.append(worker)
        worker.start()
        worker.wait_until_ready()
        self.stack = replace(self.stack, worker=worker)

    def submit(self) -> None:
        """Label the first task that has no label yet."""
        task = self.project.tasks[len(self.submitted)]
        self.submitted.append(self.project.submit(task))

    def arm(self, place: str, action: str) -> None:
        """Have the worker fail when it comes to a place; see `worker_with_fault`."""
        for name in ("reached", "go"):
            (self.stack.folder / name).unlink(missing_ok=True)
        (self.stack.folder / "armed").write_text(f"{place} {action}")

    def wait_until_reached(self) -> None:
        """Wait until the worker is at the place."""
        until((self.stack.folder / "reached").exists, "the fault", more=self.stack.log_tail)

    def let_go(self) -> None:
        """Let a standing worker go on."""
        (self.stack.folder / "go").touch()

    def wait_until_fresh(self) -> None:
        """Wait until the active version knows every label, and every unlabelled task has its prediction."""
        until(self.is_fresh, f"a fresh version of project {self.project.id}", pause=0.2, more=self.stack.log_tail)

    def is_fresh(self) -> bool:
        """Whether the active version knows every label, and every unlabelled task has its prediction."""
        name = self.watch.active
        if self.labels_of(name) != set(self.submitted):
            return False
        unlabelled = set(self.project.tasks[len(self.submitted) :])
        try:
            return unlabelled <= self.project.predictions(name).keys()
        except (StackError, requests.RequestException):
            return False

    def labels_of(self, name: str) -> set[int]:
        """Annotations that a version was trained on; empty where there is no such version."""
        try:
            record = self.watch.whole(name).record
        except OSError:
            return set()
        return {annotation for label in record.labels for annotation in label.annotations}


@contextmanager
def rig(
    label_studio: RunningLabelStudio,
    backbones: Path,
    folder: Path,
    settings: dict[str, str] | None = None,
    per_class: int = PER_CLASS,
) -> Iterator[Rig]:
    """A rig that is up to date and idle; everything is stopped afterwards.

    Args:
        label_studio: that it works for.
        backbones: folder of exports, by backbone version.
        folder: for logs and all that the backend keeps.
        settings: of the backend.
        per_class: tasks of each class.
    """
    stack = _start(label_studio, backbones, folder, settings or {})
    project = label_studio.make_project(per_class=per_class)
    made = Rig(stack, project, Watch(project, stack.server), workers=[stack.worker])
    try:
        for _ in range(FIRST_LABELS):
            made.submit()
        stack.web.wait_until_ready()
        project.attach(stack)
        made.watch.start()
        made.wait_until_fresh()
        yield made
    finally:
        made.watch.stop()
        for process in (*made.workers, stack.web, stack.redis.process):
            process.stop()


def _start(label_studio: RunningLabelStudio, backbones: Path, folder: Path, settings: dict[str, str]) -> RunningStack:
    kept = folder / "backend"
    kept.mkdir(parents=True)
    (kept / "backbones").symlink_to(backbones, target_is_directory=True)
    redis_port, web_port = _free_port(27_379), _free_port(29_090)
    server = BackendServer(
        port=web_port,
        folder=kept,
        label_studio_url=label_studio.url,
        label_studio_token=label_studio.token,
        documents=label_studio.documents,
        redis_port=redis_port,
        more=settings,
    )
    redis = LocalProcess(redis_spec(redis_port, folder / "redis", folder / "redis.log"))
    web = LocalProcess(web_spec(server, folder / "backend.log"))
    worker = _worker(server, folder, 1)
    for process in (redis, web, worker):
        process.start()
    return RunningStack(label_studio, RunningRedis(redis_port, redis), server, web, worker, folder)


def _worker(server: BackendServer, folder: Path, number: int) -> LocalProcess:
    log = folder / f"worker-{number}.log"
    spec = worker_spec(server, log)
    return LocalProcess(
        replace(
            spec,
            command=(*spec.command[:-1], "tests.faults.worker_with_fault"),
            environment={**spec.environment, "FAULT_FOLDER": str(folder)},
            # A dead worker stays registered in Redis for a while; its log tells that this one is at work.
            is_ready=lambda: "worker started" in log.read_text(),
        )
    )


def _free_port(preferred: int) -> int:
    """A free port that no other rig of this session was promised."""
    with _promising:
        port = choose_port(preferred, avoid=_promised)
        _promised.add(port)
        return port


def pause(seconds: float) -> None:
    """Give the processes time to notice that something is gone."""
    time.sleep(seconds)
