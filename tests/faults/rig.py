"""A backend of its own with one project, made to be broken: its processes can be killed and started one by one."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from scripts.demo_app.errors import DemoError
from scripts.stack.backend import BackendServer, web_spec, worker_spec
from scripts.stack.ports import choose_port
from scripts.stack.processes import LocalProcess
from scripts.stack.redis import redis_spec
from tests.faults.watching import Watch
from tests.faults.worker_with_fault import KILL
from tests.support.label_studio import RunningLabelStudio
from tests.support.project import LabelledProject
from tests.support.stack import RunningRedis, RunningStack
from tests.support.waiting import until

PER_CLASS = 15
FIRST_LABELS = 10
"""Enough to end the cold start, whose order takes a second of computing to make."""

_promised: set[int] = set()
_promising = threading.Lock()


@dataclass
class Rig:
    """A running backend whose worker has a fault built in, and a project with a first version of some labels.

    Attributes:
        submitted: annotations so far.
        extra: processes that were started later.
    """

    stack: RunningStack
    project: LabelledProject
    watch: Watch
    fault_folder: Path
    submitted: list[int] = field(default_factory=list)
    extra: list[LocalProcess] = field(default_factory=list)

    def replace_worker(self) -> None:
        """Start an ordinary worker, without a fault; returns when it takes jobs."""
        log = self.stack.folder / "ordinary-worker.log"
        # A dead worker stays registered in Redis for a while: what is new tells that this one is at work.
        spec = replace(worker_spec(self.stack.server, log), is_ready=lambda: "worker started" in log.read_text())
        worker = LocalProcess(spec)
        worker.start()
        self.extra.append(worker)
        worker.wait_until_ready()

    def submit(self) -> None:
        """Label the first task that has no label yet."""
        task = self.project.tasks[len(self.submitted)]
        self.submitted.append(self.project.submit(task))

    def arm(self) -> None:
        """Let the fault happen at the next chance."""
        (self.fault_folder / "armed").touch()

    def wait_until_reached(self) -> None:
        """Wait until the worker is at the fault's place."""
        until((self.fault_folder / "reached").exists, f"the fault\n{self.stack.log_tail()}", 30.0)

    def let_go(self) -> None:
        """Let a standing worker go on."""
        (self.fault_folder / "go").touch()

    def wait_until_fresh(self, seconds: float = 90.0) -> None:
        """Wait until the active version knows every label, and every unlabelled task has its prediction."""
        until(self.is_fresh, f"a fresh version of project {self.project.id}\n{self.stack.log_tail()}", seconds, 0.3)

    def is_fresh(self) -> bool:
        """Whether the active version knows every label, and every unlabelled task has its prediction."""
        try:
            name = self.project.active_version()
            if self.labels_of(name) != set(self.submitted):
                return False
            unlabelled = set(self.project.tasks[len(self.submitted) :])
            return unlabelled <= self.project.predictions(name).keys()
        except DemoError:
            return False

    def labels_of(self, name: str) -> set[int]:
        """Annotations that a version was trained on; empty where there is no such version."""
        try:
            record = self.watch.whole(name).record
        except OSError:
            return set()
        return {annotation for label in record["labels"] for annotation in label[2]}


@contextmanager
def rig(
    label_studio: RunningLabelStudio,
    backbones: Path,
    folder: Path,
    *,
    stage: str,
    action: str = KILL,
    more: dict[str, str] | None = None,
) -> Iterator[Rig]:
    """A rig whose worker has a fault at a stage; everything is stopped afterwards.

    Args:
        label_studio: that it works for.
        backbones: folder of exports, by backbone version.
        folder: for logs and all that the backend keeps.
        stage: see `worker_with_fault`.
        action: likewise.
        more: settings of the backend.
    """
    fault = {"FAULT_STAGE": stage, "FAULT_ACTION": action, "FAULT_FOLDER": str(folder)}
    stack = _start(label_studio, backbones, folder, more or {}, fault)
    project = label_studio.make_project(per_class=PER_CLASS)
    watch = Watch(project, stack.server)
    made = Rig(stack, project, watch, folder)
    try:
        for _ in range(FIRST_LABELS):
            made.submit()
        stack.web.wait_until_ready()
        project.attach(stack)
        watch.start()
        made.wait_until_fresh()
        yield made
    finally:
        watch.stop()
        for process in made.extra:
            process.stop()
        stack.stop()


def _start(
    label_studio: RunningLabelStudio, backbones: Path, folder: Path, more: dict[str, str], fault: dict[str, str]
) -> RunningStack:
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
        more=more,
    )
    redis = LocalProcess(redis_spec(redis_port, folder / "redis", folder / "redis.log"))
    web = LocalProcess(web_spec(server, folder / "backend.log"))
    spec = worker_spec(server, folder / "worker.log")
    command = (*spec.command[:-1], "tests.faults.worker_with_fault")
    worker = LocalProcess(replace(spec, command=command, environment={**spec.environment, **fault}))
    for process in (redis, web, worker):
        process.start()
    redis.wait_until_ready()
    return RunningStack(label_studio, RunningRedis(redis_port, redis), server, web, worker, folder)


def _free_port(preferred: int) -> int:
    """A free port that no other rig of this session was promised."""
    with _promising:
        port = choose_port(preferred, avoid=_promised)
        _promised.add(port)
        return port


def pause(seconds: float) -> None:
    """Give the processes time to notice that something is gone."""
    time.sleep(seconds)
