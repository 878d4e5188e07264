"""What the web process knows of the backend's surroundings, and what is missing from them."""

from dataclasses import dataclass, field

from backend.queue.counters import Counters
from backend.store.records.finetuning import AT_WORK, Finetuning
from backend.store.records.insight import Insight
from backend.store.records.mirror import NOT_CONNECTED, MirroredProject
from backend.store.versions import NO_VERSION


@dataclass(frozen=True)
class Status:
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
        finetunings: by Label Studio's number, the fine-tuning that was requested last.
        training_workers: what each alive training worker trains on.
        probed: whether everything has been checked since the start.
    """

    projects: dict[int, MirroredProject] = field(default_factory=dict)
    label_studio_problem: str | None = None
    redis_problem: str | None = None
    workers: int = 0
    backbone_ready: bool = False
    queue_depth: int = 0
    failed_jobs: int = 0
    counters: Counters = field(default_factory=Counters)
    outbox: int = 0
    insights: dict[int, tuple[str, Insight]] = field(default_factory=dict)
    finetunings: dict[int, Finetuning] = field(default_factory=dict)
    training_workers: tuple[str, ...] = ()
    probed: bool = False

    @property
    def label_studio_is_reachable(self) -> bool:
        """Whether Label Studio answered the last check, and accepted the token."""
        return self.probed and self.label_studio_problem is None

    def active_version(self, project_id: int) -> str:
        """The version that `/setup` and `/predict` name; never empty."""
        project = self.projects.get(project_id)
        return (project and project.active_version) or NO_VERSION

    def problems(self) -> list[str]:
        """One line for each thing that is missing."""
        if not self.probed:
            return ["Starting: nothing has been checked yet."]
        return [
            *self._problems_with_workers(),
            *self._problems_with_training_workers(),
            *self._problems_with_backbone(),
            *([] if self.label_studio_problem is None else [self.label_studio_problem]),
            *self._problems_with_projects(),
        ]

    def _problems_with_workers(self) -> list[str]:
        if self.redis_problem is not None:
            return [f"Redis does not answer ({self.redis_problem}); check REDIS_URL. Nothing trains meanwhile."]
        if self.workers == 0:
            return ["No worker is running; start one with `python -m backend.worker`. Nothing trains meanwhile."]
        return []

    def _problems_with_training_workers(self) -> list[str]:
        if self.training_workers:
            return []
        return [
            f"Project {number} waits for its fine-tuning, but no training worker is running; start one with "
            "`python -m backend.trainer`."
            for number, finetuning in self.finetunings.items()
            if finetuning.phase in AT_WORK
        ]

    def _problems_with_backbone(self) -> list[str]:
        if self.backbone_ready:
            return []
        return ["The backbone is not exported yet; a worker does so when it starts, or says in its log why it can't."]

    def _problems_with_projects(self) -> list[str]:
        return [
            f"Project {project.project.id}: {project.problem}"
            for project in self.projects.values()
            if project.problem is not None and project.problem != NOT_CONNECTED
        ]
