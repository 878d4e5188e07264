"""The SQL mirror of Label Studio: what was pulled, and what was published."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, insert, or_, select, update

from backend.label_studio.client import ProjectState
from backend.label_studio.provenance import Provenance
from backend.project import Project
from backend.store.labels import NO_LABELS, Annotation
from backend.store.records.foreign import ForeignPrediction
from backend.store.records.label_counts import LabelCounts
from backend.store.records.mirror import (
    IN_FRONT,
    Counts,
    HeldPredictions,
    MirroredProject,
    MirroredTask,
    Pace,
    PulledTask,
)
from backend.store.schema import AnnotationRow, ForeignPredictionRow, ProjectRow, TaskRow

CHUNK = 2_000

Spelling = Callable[[str, int], str]
"""From an address and the number of the task that holds it."""


def as_given(address: str, _: int) -> str:
    """The spelling of those who know nothing of addresses."""
    return address


class Mirror:
    """All reads and writes of the mirror. Each method is one transaction."""

    def __init__(self, engine: Engine, spell: Spelling = as_given) -> None:
        """Begin with a database.

        Args:
            engine: of the database.
            spell: one spelling for all addresses of the same image; the mirror holds these.
        """
        self._engine = engine
        self._spell = spell

    def projects(self) -> list[MirroredProject]:
        """Every project that is mirrored."""
        with self._engine.connect() as connection:
            return [_project(row) for row in connection.execute(select(ProjectRow.__table__).order_by(ProjectRow.key))]

    def project(self, project: Project) -> MirroredProject | None:
        """One project, or None before its first pull."""
        with self._engine.connect() as connection:
            row = connection.execute(select(ProjectRow.__table__).where(ProjectRow.key == project.key)).one_or_none()
        return None if row is None else _project(row)

    def record_state(self, project: Project, state: ProjectState, problem: str | None) -> None:
        """Remember what Label Studio says of the project, and what keeps it from being learned, if anything."""
        values = {
            "title": state.title,
            "label_config": state.label_config,
            "model_version": state.model_version,
            "sampling": state.sampling,
            "problem": problem,
            "missing_since": None,
        }
        if state.created_at:
            values["created_at"] = state.created_at
        with self._engine.begin() as connection:
            changed = connection.execute(update(ProjectRow).where(ProjectRow.key == project.key).values(values))
            if changed.rowcount == 0:
                connection.execute(insert(ProjectRow).values(key=project.key, url=project.url, id=project.id, **values))

    def record_missing(self, project: Project) -> None:
        """Remember since when Label Studio says that it has no such project."""
        known = (ProjectRow.key == project.key, ProjectRow.missing_since.is_(None))
        with self._engine.begin() as connection:
            connection.execute(update(ProjectRow).where(*known).values(missing_since=datetime.now(UTC)))

    def forget(self, project: Project) -> None:
        """Remove everything about a project that Label Studio no longer has."""
        with self._engine.begin() as connection:
            connection.execute(delete(ProjectRow).where(ProjectRow.key == project.key))

    def apply(self, project: Project, tasks: Iterable[PulledTask]) -> None:
        """Write pulled tasks; a task whose image address changed loses what was known of its image."""
        # Whoever spells may ask Label Studio for its name: no transaction waits for that.
        pulled = {task.id: replace(task, image=self._spell(task.image, task.id)) for task in tasks}
        with self._engine.begin() as connection:
            for chunk in _chunks(sorted(pulled)):
                self._apply_chunk(connection, project, [pulled[task] for task in chunk])

    def _apply_chunk(self, connection: Connection, project: Project, tasks: Sequence[PulledTask]) -> None:
        in_chunk = (TaskRow.project_key == project.key, TaskRow.id.in_([task.id for task in tasks]))
        known = dict(connection.execute(select(TaskRow.id, TaskRow.image).where(*in_chunk)).all())
        new = [_new_values(project, task) for task in tasks if task.id not in known]
        if new:
            connection.execute(insert(TaskRow), new)
        for task in tasks:
            if task.id in known:
                values: dict[str, Any] = {"updated_at": task.updated_at}
                if task.image != known[task.id]:
                    values["image"] = task.image
                    if task.image != self._spell(known[task.id], task.id):
                        values |= {"content_hash": None, "image_problem": None, "image_tried_at": None}
                connection.execute(
                    update(TaskRow).where(TaskRow.project_key == project.key, TaskRow.id == task.id).values(values)
                )
        with_annotations = [task for task in tasks if task.annotations is not None]
        of_these = (
            AnnotationRow.project_key == project.key,
            AnnotationRow.task_id.in_([task.id for task in with_annotations]),
        )
        by_nobody = or_(AnnotationRow.provenance != Provenance.PERSON.value, AnnotationRow.began_unseen)
        were = select(AnnotationRow.id, AnnotationRow.created_at).where(*of_these, by_nobody)
        unseen = {(row.id, row.created_at) for row in connection.execute(were)}
        connection.execute(delete(AnnotationRow).where(*of_these))
        rows = [
            _annotation_values(project, annotation, (annotation.id, annotation.created_at) in unseen)
            for task in with_annotations
            for annotation in task.annotations or ()
        ]
        if rows:
            # SQLite gives the number of an annotation that went with its task to the next one, on another task.
            for part in _chunks(sorted(row["id"] for row in rows)):
                of_another = (AnnotationRow.project_key == project.key, AnnotationRow.id.in_(part))
                connection.execute(delete(AnnotationRow).where(*of_another))
            connection.execute(insert(AnnotationRow), rows)

    def _is_same(self, address: str, other: str, task: int) -> bool:
        """Whether two addresses mean the same image."""
        return address == other or self._spell(address, task) == self._spell(other, task)

    def updated_at(self, project: Project) -> dict[int, datetime]:
        """`updated_at` by task id."""
        with self._engine.connect() as connection:
            query = select(TaskRow.id, TaskRow.updated_at).where(TaskRow.project_key == project.key)
            return dict(connection.execute(query).all())

    def remove_tasks(self, project: Project, tasks: Iterable[int]) -> None:
        """Remove tasks, and their annotations, that Label Studio no longer has."""
        with self._engine.begin() as connection:
            for chunk in _chunks(sorted(tasks)):
                connection.execute(delete(TaskRow).where(TaskRow.project_key == project.key, TaskRow.id.in_(chunk)))

    def content_hashes(self) -> set[str]:
        """Of the images of all tasks of all projects."""
        query = select(TaskRow.content_hash).where(TaskRow.content_hash.is_not(None)).distinct()
        with self._engine.connect() as connection:
            return {found for found in connection.scalars(query) if found is not None}

    def images_wait(self) -> bool:
        """Whether a task of any project waits for its image to be looked at."""
        query = select(TaskRow.id).where(TaskRow.content_hash.is_(None), TaskRow.image_problem.is_(None)).limit(1)
        with self._engine.connect() as connection:
            return connection.scalar(query) is not None

    def annotated(self, project: Project) -> set[int]:
        """Tasks that have an annotation, a skipped one included."""
        query = select(AnnotationRow.task_id).where(AnnotationRow.project_key == project.key).distinct()
        with self._engine.connect() as connection:
            return set(connection.scalars(query))

    def remove_annotations(self, project: Project, tasks: Iterable[int]) -> None:
        """Remove annotations of tasks that have none any more."""
        with self._engine.begin() as connection:
            for chunk in _chunks(sorted(tasks)):
                connection.execute(
                    delete(AnnotationRow).where(
                        AnnotationRow.project_key == project.key, AnnotationRow.task_id.in_(chunk)
                    )
                )

    def set_pulled(self, project: Project, *, watermark: datetime | None, compared_at: datetime | None = None) -> None:
        """Remember up to which `updated_at` changes were pulled, and when everything was compared."""
        values: dict[str, datetime] = {}
        if watermark is not None:
            values["watermark"] = watermark
        if compared_at is not None:
            values["compared_at"] = compared_at
        if values:
            with self._engine.begin() as connection:
                connection.execute(update(ProjectRow).where(ProjectRow.key == project.key).values(values))

    def forget_pulled(self, project: Project) -> None:
        """Have the next pull read everything again."""
        with self._engine.begin() as connection:
            connection.execute(
                update(ProjectRow).where(ProjectRow.key == project.key).values(watermark=None, foreign_seen=None)
            )

    def counts(self, project: Project) -> Counts:
        """Tasks, annotations that count and skipped ones."""
        with self._engine.connect() as connection:
            tasks = connection.scalar(select(func.count()).where(TaskRow.project_key == project.key)) or 0
            query = select(AnnotationRow.skipped, func.count()).where(AnnotationRow.project_key == project.key)
            by_skipped = dict(connection.execute(query.group_by(AnnotationRow.skipped)).all())
        return Counts(tasks, by_skipped.get(False, 0), by_skipped.get(True, 0))

    def labels(self, project: Project) -> int:
        """Tasks that a person or an import gave an answer to."""
        answers = (
            AnnotationRow.skipped.is_(False),
            AnnotationRow.provenance.not_in([each.value for each in NO_LABELS]),
        )
        query = select(func.count(AnnotationRow.task_id.distinct())).where(
            AnnotationRow.project_key == project.key, *answers
        )
        with self._engine.connect() as connection:
            return connection.scalar(query) or 0

    def tasks(self, project: Project, ids: Sequence[int] | None = None) -> list[MirroredTask]:
        """All tasks by ascending id, or those of `ids` that are known."""
        query = _all_tasks(project)
        with self._engine.connect() as connection:
            if ids is None:
                return [MirroredTask(*row) for row in connection.execute(query)]
            return [
                MirroredTask(*row)
                for chunk in _chunks(sorted(ids))
                for row in connection.execute(query.where(TaskRow.id.in_(chunk)))
            ]

    def tasks_showing(self, project: Project, addresses: Mapping[int, str]) -> list[MirroredTask]:
        """Those of some tasks, by ascending id, that are known with the same image, however its address is spelled."""
        return [
            task
            for task in self.tasks(project, list(addresses))
            if self._is_same(task.image, addresses[task.id], task.id)
        ]

    def tasks_to_embed(self, project: Project, tried_before: datetime) -> list[MirroredTask]:
        """Tasks without a feature: new ones by ascending id, then those whose image has a problem.

        Args:
            project: of Label Studio.
            tried_before: what was asked for since is left out.
        """
        due = or_(TaskRow.image_tried_at.is_(None), TaskRow.image_tried_at < tried_before)
        query = _all_tasks(project).where(TaskRow.content_hash.is_(None), due)
        query = query.order_by(None).order_by(TaskRow.image_problem.is_not(None), TaskRow.id)
        with self._engine.connect() as connection:
            return [MirroredTask(*row) for row in connection.execute(query)]

    def annotations(self, project: Project) -> list[Annotation]:
        """All annotations, skipped ones included, by ascending id."""
        query: Select[*tuple[Any, ...]] = (
            select(
                AnnotationRow.id,
                AnnotationRow.task_id,
                AnnotationRow.choice,
                AnnotationRow.skipped,
                AnnotationRow.ground_truth,
                AnnotationRow.completed_by,
                AnnotationRow.created_at,
                AnnotationRow.updated_at,
                AnnotationRow.lead_time,
                AnnotationRow.provenance,
                AnnotationRow.began_unseen,
                AnnotationRow.other_tag,
                AnnotationRow.odd,
            )
            .where(AnnotationRow.project_key == project.key)
            .order_by(AnnotationRow.id)
        )
        with self._engine.connect() as connection:
            return [_annotation(row) for row in connection.execute(query)]

    def replace_foreign(self, project: Project, predictions: Mapping[int, ForeignPrediction]) -> None:
        """Keep these predictions of other models, by task, and no others; those of unknown tasks are left out."""
        with self._engine.begin() as connection:
            of_project = ForeignPredictionRow.project_key == project.key
            connection.execute(delete(ForeignPredictionRow).where(of_project))
            known = set(connection.scalars(select(TaskRow.id).where(TaskRow.project_key == project.key)))
            rows = [{"project_key": project.key, **vars(each)} for task, each in predictions.items() if task in known]
            if rows:
                connection.execute(insert(ForeignPredictionRow), rows)

    def record_foreign_look(self, project: Project, looked_at: datetime, seen: str | None) -> None:
        """Remember what Label Studio said of other models' predictions."""
        with self._engine.begin() as connection:
            values = {"foreign_looked_at": looked_at, "foreign_seen": seen}
            connection.execute(update(ProjectRow).where(ProjectRow.key == project.key).values(values))

    def foreign(self, project: Project, tasks: Sequence[int] | None = None) -> dict[int, ForeignPrediction]:
        """What other models predict, by task: of all tasks, or of these."""
        query = select(
            ForeignPredictionRow.task_id,
            ForeignPredictionRow.choice,
            ForeignPredictionRow.confidence,
            ForeignPredictionRow.model_version,
        ).where(ForeignPredictionRow.project_key == project.key)
        parts = (
            [query]
            if tasks is None
            else [query.where(ForeignPredictionRow.task_id.in_(chunk)) for chunk in _chunks(sorted(tasks))]
        )
        with self._engine.connect() as connection:
            return {row.task_id: ForeignPrediction(*row) for part in parts for row in connection.execute(part)}

    def record_label_counts(self, project: Project, counts: LabelCounts) -> None:
        """Remember what the project's annotations come to; nothing is written where that is known."""
        known = self.project(project)
        if known is not None and known.label_counts != counts:
            with self._engine.begin() as connection:
                values = {"label_counts": counts.to_json()}
                connection.execute(update(ProjectRow).where(ProjectRow.key == project.key).values(values))

    def record_images(self, project: Project, hashes: Mapping[int, str], problems: Mapping[int, str]) -> None:
        """Remember the content hash of tasks that were embedded, and why others could not be."""
        now = datetime.now(UTC)
        with self._engine.begin() as connection:
            for task, content_hash in hashes.items():
                values = {"content_hash": content_hash, "image_problem": None, "image_tried_at": now}
                connection.execute(_of_task(project, task).values(values))
            for task, problem in problems.items():
                connection.execute(_of_task(project, task).values(image_problem=problem, image_tried_at=now))

    def record_unasked(self, project: Project, problems: Mapping[int, str]) -> None:
        """Remember why images were not asked for: that says nothing of the images, and those once embedded stay so."""
        with self._engine.begin() as connection:
            for task, problem in problems.items():
                values = {"image_problem": problem, "image_tried_at": None}
                connection.execute(_of_task(project, task).where(TaskRow.content_hash.is_(None)).values(values))

    def forget_features(self, project: Project, tasks: Sequence[int]) -> None:
        """Have these tasks embedded again."""
        self._update_tasks(project, tasks, {"content_hash": None, "image_problem": None, "image_tried_at": None})

    def pace(self, project: Project, lately: timedelta) -> Pace:
        """How fast people have labelled in this last while: what they submitted or skipped, and how many of them."""
        answered = (
            AnnotationRow.project_key == project.key,
            AnnotationRow.provenance == Provenance.PERSON,
            AnnotationRow.created_at > datetime.now(UTC) - lately,
        )
        query = select(func.count(), func.count(AnnotationRow.completed_by.distinct())).where(*answered)
        with self._engine.connect() as connection:
            answers, people = connection.execute(query).one()
        return Pace(answers / lately.total_seconds(), people)

    def published(self, project: Project, name: str) -> HeldPredictions:
        """What Label Studio should hold of our predictions.

        Args:
            project: of Label Studio.
            name: of a version, whichever of its heads predicted.
        """
        # The served head's edition bears a name of its own: see `Version.edition`.
        of_version = TaskRow.published_version.in_([name, f"{name}+"])
        query = select(
            func.count().filter(of_version), func.coalesce(func.sum(TaskRow.predictions), 0), func.count()
        ).where(TaskRow.project_key == project.key)
        with self._engine.connect() as connection:
            return HeldPredictions(*connection.execute(query).one())

    def record_importing(self, project: Project, tasks: Sequence[int]) -> None:
        """Remember that these tasks are about to get one more prediction: rather one too many than one too few."""
        self._update_tasks(project, tasks, {"predictions": TaskRow.predictions + 1})

    def record_published(self, project: Project, tasks: Sequence[int], edition: str) -> None:
        """Remember that a prediction of each of these tasks is of an edition of a version."""
        self._update_tasks(project, tasks, {"published_version": edition})

    def record_unpublished(self, project: Project, tasks: Sequence[int]) -> None:
        """Remember that these tasks have no prediction of the active version any more."""
        self._update_tasks(project, tasks, {"published_version": None})

    def record_predictions(self, project: Project, counts: Mapping[int, int]) -> None:
        """Remember how many predictions of ours Label Studio holds of each of these tasks."""
        by_count: dict[int, list[int]] = {}
        for task, count in counts.items():
            by_count.setdefault(count, []).append(task)
        for count, tasks in by_count.items():
            self._update_tasks(project, tasks, {"predictions": count})

    def record_front(self, project: Project, tasks: Sequence[int], stay_open: timedelta) -> None:
        """Remember which tasks people are handed from now on.

        Args:
            project: of Label Studio.
            tasks: these, by their ids.
            stay_open: for how long the previous ones may still be open.
        """
        were = (TaskRow.project_key == project.key, TaskRow.may_be_open_until == IN_FRONT)
        with self._engine.begin() as connection:
            connection.execute(update(TaskRow).where(*were).values(may_be_open_until=datetime.now(UTC) + stay_open))
            connection.execute(
                update(TaskRow)
                .where(TaskRow.project_key == project.key, TaskRow.id.in_(tasks))
                .values(may_be_open_until=IN_FRONT)
            )

    def record_refreshed(self, project: Project, version: str | None) -> None:
        """Remember that every task of the version's queue has its prediction; None where some have lost it."""
        with self._engine.begin() as connection:
            connection.execute(
                update(ProjectRow).where(ProjectRow.key == project.key).values(refreshed_version=version)
            )

    def _update_tasks(self, project: Project, tasks: Sequence[int], values: dict[str, Any]) -> None:
        with self._engine.begin() as connection:
            for chunk in _chunks(sorted(tasks)):
                connection.execute(
                    update(TaskRow).where(TaskRow.project_key == project.key, TaskRow.id.in_(chunk)).values(values)
                )


def _all_tasks(project: Project) -> Select[*tuple[Any, ...]]:
    return (
        select(
            TaskRow.id,
            TaskRow.image,
            TaskRow.created_at,
            TaskRow.content_hash,
            TaskRow.image_problem,
            TaskRow.image_tried_at,
            TaskRow.published_version,
            TaskRow.predictions,
            TaskRow.may_be_open_until,
        )
        .where(TaskRow.project_key == project.key)
        .order_by(TaskRow.id)
    )


def _of_task(project: Project, task: int) -> Any:
    return update(TaskRow).where(TaskRow.project_key == project.key, TaskRow.id == task)


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def _new_values(project: Project, task: PulledTask) -> dict[str, Any]:
    return {
        "project_key": project.key,
        "id": task.id,
        "image": task.image,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
    }


def _annotation_values(project: Project, annotation: Annotation, was_unseen: bool) -> dict[str, Any]:
    values = vars(annotation) | {"project_key": project.key, "provenance": annotation.provenance.value}
    return values | {"began_unseen": annotation.by_person and (annotation.began_unseen or was_unseen)}


def _annotation(row: Any) -> Annotation:
    values = dict(row._mapping)
    return Annotation(**values | {"provenance": Provenance(row.provenance)})


def _project(row: Any) -> MirroredProject:
    return MirroredProject(
        project=Project(row.url, row.id),
        title=row.title,
        label_config=row.label_config,
        model_version=row.model_version,
        sampling=row.sampling,
        watermark=row.watermark,
        compared_at=row.compared_at,
        active_version=row.active_version,
        refreshed_version=row.refreshed_version,
        problem=row.problem,
        label_counts=None if row.label_counts is None else LabelCounts.from_json(row.label_counts),
        created_at=row.created_at,
        missing_since=row.missing_since,
        foreign_seen=row.foreign_seen,
        foreign_looked_at=row.foreign_looked_at,
    )
