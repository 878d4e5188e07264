"""What the web process answers from memory: active versions, and what is missing. A thread keeps it fresh."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from backend import logs
from backend.errors import LabelLoopError
from backend.services import Services
from backend.store import features
from backend.store.finetunings import AT_WORK, Finetuning
from backend.store.mirror import NOT_CONNECTED, MirroredProject
from backend.store.versions import NO_VERSION

TICK_SECONDS = 0.25
PROBE_SECONDS = 3.0

log = logs.get()


@dataclass(frozen=True)
class Snapshot:
    """The backend's surroundings as last seen.

    Attributes:
        projects: by Label Studio's number.
        label_studio_problem: why Label Studio can't be used, or None.
        redis_problem: likewise.
        workers: alive workers.
        backbone_ready: whether images can be embedded.
        queue_depth, failed_jobs, counters: as `ProjectQueue` counts them.
        outbox: items that wait for MLflow.
        insights: by Label Studio's number, the newest version with figures, and what they say.
        finetunings: by Label Studio's number, the fine-tuning that was ordered last.
        training_workers: what each alive training worker trains on.
    """

    projects: dict[int, MirroredProject] = field(default_factory=dict)
    label_studio_problem: str | None = None
    redis_problem: str | None = None
    workers: int = 0
    backbone_ready: bool = False
    queue_depth: int = 0
    failed_jobs: int = 0
    counters: dict[str, float] = field(default_factory=dict)
    outbox: int = 0
    insights: dict[int, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    finetunings: dict[int, Finetuning] = field(default_factory=dict)
    training_workers: tuple[str, ...] = ()
    probed: bool = False


class State:
    """Keeps a `Snapshot`; reading it never waits for anything."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.snapshot = Snapshot()
        self._updating = threading.Lock()
        self._stopping = threading.Event()

    def start(self, reconcile: Callable[[], None]) -> None:
        """Begin to watch; `reconcile` is called every few seconds."""
        # The first request after a restart must already name the active version.
        self._refresh_projects()
        threading.Thread(target=features.load_library, daemon=True).start()
        threading.Thread(target=self._watch, args=[self._refresh_projects, TICK_SECONDS], daemon=True).start()
        threading.Thread(target=self._watch, args=[self._probe, PROBE_SECONDS], daemon=True).start()
        threading.Thread(target=self._watch, args=[self._read_stores, PROBE_SECONDS], daemon=True).start()
        threading.Thread(target=self._watch, args=[reconcile, PROBE_SECONDS], daemon=True).start()

    def model_version(self, project_id: int) -> str:
        """The version that `/setup` and `/predict` name; never empty."""
        project = self.snapshot.projects.get(project_id)
        return (project and project.active_version) or NO_VERSION

    def problems(self) -> list[str]:
        """One line for each thing that is missing."""
        seen = self.snapshot
        if not seen.probed:
            return ["Starting: nothing has been checked yet."]
        lines = []
        if seen.redis_problem is not None:
            lines.append(f"Redis does not answer ({seen.redis_problem}); check REDIS_URL. Nothing trains meanwhile.")
        elif seen.workers == 0:
            lines.append("No worker is running; start one with `python -m backend.worker`. Nothing trains meanwhile.")
        if not seen.training_workers:
            lines += [
                f"Project {number} waits for its fine-tuning, but no training worker is running; start one with "
                "`python -m backend.trainer`."
                for number, state in seen.finetunings.items()
                if state.phase in AT_WORK
            ]
        if not seen.backbone_ready:
            lines.append(
                "The backbone is not exported yet; a worker does so when it starts, or says in its log why it can't."
            )
        if seen.label_studio_problem is not None:
            lines.append(seen.label_studio_problem)
        lines += [
            f"Project {project.project.id}: {project.problem}"
            for project in seen.projects.values()
            if project.problem is not None and project.problem != NOT_CONNECTED
        ]
        return lines

    def stop(self) -> None:
        """End the watching; a look that is being taken is the last."""
        self._stopping.set()

    def _watch(self, step: Callable[[], None], seconds: float) -> None:
        while not self._stopping.is_set():
            try:
                step()
            except (RedisError, SQLAlchemyError, LabelLoopError, OSError) as error:
                log.warning("check failed, goes on", reason=str(error).splitlines()[0])
            self._stopping.wait(seconds)

    def _refresh_projects(self) -> None:
        projects = {project.project.id: project for project in self._services.mirror.projects()}
        self._update(projects=projects)

    def _read_stores(self) -> None:
        versions, known = self._services.versions, self.snapshot.insights
        insights: dict[int, tuple[str, Mapping[str, Any]]] = {}
        for number, mirrored in self.snapshot.projects.items():
            newest = versions.newest_second_stage(mirrored.project)
            if newest is not None and number in known and known[number][0] == newest:
                insights[number] = known[number]
            elif newest is not None and (insight := versions.insight(mirrored.project, newest)) is not None:
                insights[number] = (newest, insight)
        ordered = [
            (number, self._services.finetunings.newest(each.project)) for number, each in self.snapshot.projects.items()
        ]
        finetunings = {number: state for number, state in ordered if state is not None}
        self._update(insights=insights, finetunings=finetunings)

    def _probe(self) -> None:
        queue = self._services.queue
        try:
            self._update(
                redis_problem=None,
                workers=queue.workers(),
                training_workers=tuple(queue.training_workers()),
                queue_depth=queue.depth(),
                failed_jobs=queue.failed_jobs(),
                counters=queue.counters(),
            )
        except RedisError as error:
            self._update(redis_problem=str(error))
        problem: str | None = None
        try:
            self._services.label_studio.whoami()
        except LabelLoopError as error:
            problem = str(error)
        ready = self._services.backbones.base_is_ready()
        waiting = len(self._services.outbox.waiting())
        self._update(label_studio_problem=problem, backbone_ready=ready, outbox=waiting, probed=True)

    def _update(self, **changes: Any) -> None:
        with self._updating:
            self.snapshot = replace(self.snapshot, **changes)
