"""Bring the mirror up to Label Studio's state."""

from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend import logs
from backend.errors import MissingProjectError, RetryLaterError, UnsupportedConfigError
from backend.label_studio import config
from backend.label_studio.client import LabelStudio, ProjectState
from backend.label_studio.config import Labeling
from backend.project import Project
from backend.store import absence, foreign, ours
from backend.store.mirror import Mirror
from backend.store.project_files import ProjectFiles
from backend.store.pulled import read_tasks
from backend.store.records.mirror import NOT_CONNECTED, MirroredProject, PulledTask
from backend.store.versions import VersionStore

OVERLAP = timedelta(seconds=2)
"""Changes are asked for again this far back: two writes can carry the same instant, or commit out of order."""

WITNESSES = 3
"""Tasks that are asked for one by one before others are taken for deleted: a list that is cut short lacks many."""

RECOMPARE = timedelta(seconds=60)
"""Counts that keep disagreeing (a writer is faster than we) lead to a full comparison no more often than this."""

log = logs.get()


@dataclass(frozen=True)
class Synced:
    """The project after a pull.

    Attributes:
        labeling: None where there is nothing to learn; the mirror says why.
        version_wanted: Label Studio has no version of ours active and nobody chose another one by hand.
        miscounted: tasks among those pulled whose annotations Label Studio counts wrongly.
    """

    state: ProjectState
    labeling: Labeling | None
    version_wanted: bool
    miscounted: tuple[int, ...] = ()


@dataclass(frozen=True)
class MirrorSync:
    """Brings the mirror up to Label Studio's state.

    Attributes:
        label_studio: to pull from.
        mirror: to pull into.
        versions: which of Label Studio's model versions are ours.
        files: what is kept of projects on disk.
        full_comparison_seconds: age of the last full comparison at which the next one is due.
        foreign_predictions: whether other models' predictions are pulled, too.
    """

    label_studio: LabelStudio
    mirror: Mirror
    versions: VersionStore
    files: ProjectFiles
    full_comparison_seconds: float
    foreign_predictions: bool = True

    def run(self, project: Project) -> Synced:
        """Pull what changed; compare everything when the counts disagree, and now and then.

        Raises:
            NotFoundError: Label Studio no longer has the project.
            RetryLaterError: Label Studio does not answer, or has another project of this number since just now.
        """
        state = self.label_studio.project(project.id)
        self._begin_anew_if_another(project, state)
        problem: str | None = None
        labeling: Labeling | None = None
        wanted = False
        names = self.versions.names(project)
        if state.model_version not in names:
            connections = self.label_studio.connections(project.id)
            wanted, problem = ours.claim(state.model_version, connections, names)
        if problem is None:
            try:
                labeling = config.read(state.label_config)
            except UnsupportedConfigError as error:
                problem = str(error) if self._is_connected(project, names) else NOT_CONNECTED
        before = self.mirror.project(project)
        if problem not in (None, NOT_CONNECTED, before and before.problem):
            log.warning("left alone", reason=problem)
        if labeling is not None and _read_otherwise(before, labeling):
            self.mirror.forget_pulled(project)
        self.mirror.record_state(project, state, problem)
        miscounted: list[int] = []
        if labeling is not None:
            pull = _Pull(project, labeling, self.label_studio, self.mirror, miscounted)
            pull.run(state, timedelta(seconds=self.full_comparison_seconds))
            if self.foreign_predictions:
                foreign.pull(project, labeling, self.label_studio, self.mirror, self.versions.ours(project))
        return Synced(state, labeling, wanted, tuple(dict.fromkeys(miscounted)))

    def _is_connected(self, project: Project, names: Collection[str]) -> bool:
        """Whether we are a project's ML backend still; its `model_version` stays when somebody removes us by hand."""
        return any(ours.is_ours(each, names) for each in self.label_studio.connections(project.id))

    def _begin_anew_if_another(self, project: Project, state: ProjectState) -> None:
        """Put away what is kept under a number that stands for another project now, as after a restored backup.

        Raises:
            MissingProjectError: it has done so for too short a time.
        """
        mirrored = self.mirror.project(project)
        if mirrored is None or not absence.is_another(mirrored.created_at, state.created_at):
            return
        if not absence.lasts(self.mirror, project):
            raise MissingProjectError(
                f"Label Studio says that project {project.id} was created at {state.created_at}, and said "
                f"{mirrored.created_at} before. All is kept; it is set aside when Label Studio still says so in some "
                "minutes."
            )
        log.warning("another project has this number now", created_at=state.created_at, before=mirrored.created_at)
        self.files.set_aside(project, f"project {project.id} is another one since {state.created_at}")
        self.mirror.forget(project)


def _read_otherwise(before: MirroredProject | None, labeling: Labeling) -> bool:
    """Whether the mirror was filled by a label config that looks at other fields."""
    if before is None:
        return False
    try:
        return config.read(before.label_config).fields != labeling.fields
    except UnsupportedConfigError:
        return True


@dataclass(frozen=True)
class _Pull:
    """One project's pull, once it is known how to read its tasks.

    Attributes:
        miscounted: gets the tasks whose annotations Label Studio counts wrongly.
    """

    project: Project
    labeling: Labeling
    label_studio: LabelStudio
    mirror: Mirror
    miscounted: list[int]

    def run(self, state: ProjectState, full_comparison: timedelta) -> None:
        """Pull what changed since the last time, or everything where that is not known, or due."""
        mirrored = self.mirror.project(self.project)
        now = datetime.now(UTC)
        if mirrored is None or mirrored.watermark is None or mirrored.compared_at is None:
            self._compare_everything(now)
            return
        changed = self.label_studio.changed_tasks(self.project.id, mirrored.watermark - OVERLAP)
        if changed is None:
            self._compare_everything(now)
            return
        pulled = read_tasks(changed, self.labeling, annotated=True)
        self._note_miscounted(pulled)
        self.mirror.apply(self.project, pulled)
        watermark = max([mirrored.watermark, *(task.updated_at for task in pulled)])
        self.mirror.set_pulled(self.project, watermark=watermark)
        age = now - mirrored.compared_at
        if age > full_comparison or self._changes_missed(state, age):
            self._compare_everything(now)

    def _note_miscounted(self, tasks: Iterable[PulledTask]) -> None:
        self.miscounted.extend(task.id for task in tasks if task.miscounted)

    def _changes_missed(self, state: ProjectState, age: timedelta) -> bool:
        """Whether the counts ask for a full comparison; the last one was `age` ago."""
        held = self.mirror.counts(self.project)
        if (held.tasks, held.annotations, held.skipped) == (state.tasks, state.annotations, state.skipped):
            return False
        # An annotator may have submitted between the two calls: only a lasting difference counts.
        state = self.label_studio.project(self.project.id)
        if (held.tasks, held.annotations, held.skipped) == (state.tasks, state.annotations, state.skipped):
            return False
        # Tasks too many were deleted: one comparison settles that, so it need not wait.
        return held.tasks > state.tasks or age > RECOMPARE

    def _compare_everything(self, now: datetime) -> None:
        project, mirror = self.project, self.mirror
        # Asked for first: what changes while the pages come in is pulled again by the next run.
        newest = self.label_studio.newest_change(project.id)
        listed = read_tasks(self.label_studio.all_tasks(project.id), self.labeling, annotated=False)
        known = mirror.updated_at(project)
        mirrored = mirror.project(project)
        anew = mirrored is None or mirrored.watermark is None
        mirror.apply(project, [task for task in listed if anew or known.get(task.id) != task.updated_at])
        annotated = read_tasks(self.label_studio.annotated_tasks(project.id), self.labeling, annotated=True)
        self._note_miscounted(annotated)
        mirror.apply(project, annotated)
        gone = known.keys() - {task.id for task in listed} - {task.id for task in annotated}
        bare = mirror.annotated(project) - {task.id for task in annotated} - gone
        self._check_absence(gone, bare)
        mirror.remove_tasks(project, gone)
        mirror.remove_annotations(project, bare)
        # The overlap begins after what was just compared: a large import is not pulled again by every run.
        mirror.set_pulled(project, watermark=newest and newest + OVERLAP, compared_at=now)
        log.info("compared everything", tasks=len(listed), annotated=len(annotated))

    def _check_absence(self, gone: Set[int], bare: Set[int]) -> None:
        """Ask for some of the tasks that a list lacks: a list that was cut short on its way is no word of deletion.

        Args:
            gone: tasks that were not listed.
            bare: tasks that were not listed among those with annotations.

        Raises:
            RetryLaterError: Label Studio has such a task, or its annotations.
        """
        for task in [*sorted(gone)[:WITNESSES], *sorted(bare)[:WITNESSES]]:
            found = self.label_studio.task(task)
            # The number of a deleted task may be another project's by now.
            if found is None or found.get("project", self.project.id) != self.project.id:
                continue
            if task in gone or found["annotations"]:
                raise RetryLaterError(
                    f"Label Studio's list of tasks lacks task {task} or its annotations, but it has them: the list was "
                    "cut short, by a proxy perhaps. Nothing is removed."
                )
