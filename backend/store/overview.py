"""What `/health` tells of a project's tasks: how many there are, and which images can't be used, and why."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Engine, exists, func, select

from backend.causes.images import cause_of_reason
from backend.causes.kinds import CauseKind
from backend.project import Project
from backend.store.schema import AnnotationRow, ProjectRow, TaskRow


@dataclass(frozen=True)
class UnusableImages:
    """Images that can't be used for one and the same cause.

    Attributes:
        count: of tasks, at least 1.
        example: id of one of these tasks, the lowest.
    """

    cause: CauseKind
    count: int
    example: int


@dataclass(frozen=True)
class ProjectOverview:
    """A project's tasks in numbers.

    Attributes:
        tasks: all of them.
        answered: those with an annotation, a skipped one included.
        waiting: tasks whose image nobody has looked at yet.
        unusable: by cause, the most frequent first.
        pulled: whether all of its tasks have been seen once.
    """

    tasks: int = 0
    answered: int = 0
    waiting: int = 0
    unusable: tuple[UnusableImages, ...] = ()
    pulled: bool = True

    @property
    def images_unusable(self) -> int:
        """Tasks whose image can't be used."""
        return sum(each.count for each in self.unusable)


class Overviews:
    """Reads overviews. Only the most recent overview of each project is kept."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._unusable: dict[Project, tuple[object, tuple[UnusableImages, ...]]] = {}

    def read(self, project: Project) -> ProjectOverview:
        """A project as the mirror has it now."""
        of_project = TaskRow.project_key == project.key
        annotated = exists().where(
            AnnotationRow.project_key == TaskRow.project_key, AnnotationRow.task_id == TaskRow.id
        )
        no_feature = TaskRow.content_hash.is_(None)
        failed = (of_project, no_feature, TaskRow.image_problem.is_not(None))
        compared = select(ProjectRow.compared_at).where(ProjectRow.key == project.key)
        with self._engine.connect() as connection:
            # First: what is counted after it is no less than what was pulled.
            pulled = connection.scalar(compared) is not None
            tasks = connection.scalar(select(func.count()).where(of_project)) or 0
            answered = connection.scalar(select(func.count()).where(of_project, annotated)) or 0
            untried = (of_project, no_feature, TaskRow.image_problem.is_(None))
            waiting = connection.scalar(select(func.count()).where(*untried)) or 0
            state = connection.execute(
                select(func.count(), func.max(TaskRow.image_tried_at), func.sum(TaskRow.id)).where(*failed)
            ).one()
            known = self._unusable.get(project)
            if known is None or known[0] != tuple(state):
                reasons = connection.execute(select(TaskRow.id, TaskRow.image_problem).where(*failed))
                known = self._unusable[project] = (tuple(state), _by_cause((row[0], row[1] or "") for row in reasons))
        return ProjectOverview(tasks, answered, waiting, known[1], pulled)


def _by_cause(reasons: Iterable[tuple[int, str]]) -> tuple[UnusableImages, ...]:
    tasks: dict[CauseKind, list[int]] = {}
    for task, reason in reasons:
        tasks.setdefault(cause_of_reason(reason), []).append(task)
    found = (UnusableImages(cause, len(ids), min(ids)) for cause, ids in tasks.items())
    return tuple(sorted(found, key=lambda each: (-each.count, each.cause)))
