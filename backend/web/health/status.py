"""What the web process knows of the backend's surroundings."""

from dataclasses import dataclass, field

from backend.causes.kinds import Cause
from backend.queue.counters import Counters
from backend.queue.failures import FailingRuns
from backend.queue.watch import Standing
from backend.store.overview import ProjectOverview
from backend.store.quarantine import SetAside
from backend.store.records.finetuning import Finetuning
from backend.store.records.insight import Insight
from backend.store.records.mirror import MirroredProject
from backend.store.versions import NO_VERSION
from backend.web.health.disk import Disk


@dataclass(frozen=True)
class Status:
    """The backend's surroundings as last seen.

    Attributes:
        projects: by Label Studio's number.
        label_studio_problem: why Label Studio can't be used, or None.
        redis: why Redis can't be used, or None.
        redis_may_forget: whether Redis throws keys away where its memory ends.
        database: why the SQL database can't be used, by the name of the check that it failed last.
        workers: alive workers.
        worker_releases: of this software, as the alive workers of all kinds tell.
        backbone_ready: whether images can be embedded.
        queue_depth, failed_jobs, counters: as `ProjectQueue` counts them.
        outbox: items that wait for MLflow.
        untracked_seconds: for which the oldest of them has waited.
        clocks: seconds by which somebody's clock is ahead of this machine's, by whose it is.
        disk: that of MODEL_DIR; None where it can't be looked at.
        disk_problem: why not.
        alone: whether no other web process works with the same MODEL_DIR.
        set_aside: what could not be read, oldest first.
        failing: by Label Studio's number, projects whose last run did not go through.
        standings: by Label Studio's number, what waits and runs.
        overviews: by Label Studio's number, tasks and images.
        insights: by Label Studio's number, the newest version with figures, and what they say.
        finetunings: by Label Studio's number, the fine-tuning that was requested last.
        cancelled: Label Studio's numbers, of projects whose last fine-tuning somebody wants to end.
        training_workers: what each alive training worker trains on.
        looked: by its name, when each check last succeeded, or was begun first, by the monotonic clock.
        probed: whether everything has been checked since the start.
    """

    projects: dict[int, MirroredProject] = field(default_factory=dict)
    label_studio_problem: str | None = None
    redis: Cause | None = None
    redis_may_forget: bool = False
    database: dict[str, Cause] = field(default_factory=dict)
    workers: int = 0
    worker_releases: frozenset[str] = frozenset()
    backbone_ready: bool = False
    queue_depth: int = 0
    failed_jobs: int = 0
    counters: Counters = field(default_factory=Counters)
    outbox: int = 0
    untracked_seconds: float = 0.0
    clocks: dict[str, float] = field(default_factory=dict)
    disk: Disk | None = None
    disk_problem: Cause | None = None
    alone: bool = True
    set_aside: tuple[SetAside, ...] = ()
    failing: dict[int, FailingRuns] = field(default_factory=dict)
    standings: dict[int, Standing] = field(default_factory=dict)
    overviews: dict[int, ProjectOverview] = field(default_factory=dict)
    insights: dict[int, tuple[str, Insight]] = field(default_factory=dict)
    finetunings: dict[int, Finetuning] = field(default_factory=dict)
    cancelled: frozenset[int] = frozenset()
    training_workers: tuple[str, ...] = ()
    looked: dict[str, float] = field(default_factory=dict)
    probed: bool = False

    @property
    def label_studio_is_reachable(self) -> bool:
        """Whether Label Studio answered the last check, and accepted the token."""
        return self.probed and self.label_studio_problem is None

    def active_version(self, project_id: int) -> str:
        """The version that `/setup` and `/predict` name; never empty."""
        project = self.projects.get(project_id)
        return (project and project.active_version) or NO_VERSION
