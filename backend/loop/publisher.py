"""Gives tasks a version's predictions in Label Studio, and notes it in the mirror.

A page that opens a task submits the number of the prediction that it began from, and Label Studio refuses a number that
is gone. So nothing is removed that a page may hold: a task keeps at most two predictions of ours. One is the active
version's; the other, superseded one is changed in place into the next version's, before the switch makes that active.
Other models' predictions are never touched.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from backend import logs
from backend.errors import NotFoundError, OperatorError, PublicationRefusedError, RetryLaterError
from backend.label_studio.client import Json, StoredPrediction
from backend.label_studio.config import Labeling
from backend.loop.predictions import LAST, foreign_of, predict, rank_scores, unaudited
from backend.services import ProjectContext
from backend.store.records.mirror import MirroredTask
from backend.store.versions import NO_VERSION, Version

ENOUGH = 2
"""Predictions of ours that a task needs: the active version's, and one to become the next one's."""

LOOKED_UP = 50
"""Tasks whose predictions are asked for in one call."""

MOST_REFUSED = 3
"""Predictions that Label Studio may fail to change, one after the other, before that is put down to Label Studio."""

log = logs.get()


@dataclass(frozen=True)
class Publisher:
    """Publishes one version's predictions."""

    context: ProjectContext
    version: Version
    labeling: Labeling

    @property
    def most(self) -> int:
        """Predictions of ours that a task may have."""
        return min(ENOUGH, self.context.services.settings.predictions_per_task)

    def has_room(self, task: MirroredTask) -> bool:
        """Whether a task can simply be given one more, as far as the mirror knows."""
        return task.predictions < self.most and task.published_version not in (self.version.name, self.version.edition)

    def publish(self, tasks: Sequence[MirroredTask]) -> int:
        """Give all these tasks the version's predictions; return how many got one."""
        roomy = [task.id for task in tasks if self.has_room(task)]
        full = [task.id for task in tasks if not self.has_room(task)]
        return (self.add(roomy) if roomy else 0) + sum(self.change(full))

    def change(self, task_ids: Sequence[int]) -> Iterator[int]:
        """Give tasks without room the version's predictions, one after the other; may be left off after each.

        A change keeps the prediction's number, but takes some forty times as long as an import. What is changed is the
        version's own prediction, where its other head or `/predict` made one; else the oldest. Where Label Studio has
        fewer than the mirror says, one is added.

        Yields:
            How many predictions were made in a step.

        Raises:
            RetryLaterError: Label Studio does not answer, or fails to change several.
        """
        services, refused = self.context.services, 0
        for start in range(0, len(task_ids), LOOKED_UP):
            found = self.ours(task_ids[start : start + LOOKED_UP])
            services.mirror.record_predictions(self.context.project, {task: len(each) for task, each in found.items()})
            places = {task: self._place(each) for task, each in found.items()}
            roomy = [task for task, number in places.items() if number is None]
            if roomy:
                yield self.add(roomy)
            numbers = {task: number for task, number in places.items() if number is not None}
            predictions = self._predict(list(numbers), rank_scores(self.version))
            for prediction in predictions:
                try:
                    yield self._put(prediction, numbers[prediction["task"]])
                except RetryLaterError as error:
                    refused += 1
                    if refused > MOST_REFUSED:
                        raise
                    # Raises where Label Studio is away; else it has something against this one.
                    services.label_studio.whoami()
                    log.warning("a prediction can't be changed; it stays", task=prediction["task"], reason=str(error))
                    yield 0

    def _put(self, prediction: Json, number: int) -> int:
        project, services = self.context.project, self.context.services
        try:
            services.label_studio.change_prediction(number, prediction)
        except NotFoundError:
            return self.add([prediction["task"]])
        services.mirror.record_published(project, [prediction["task"]], self.version.edition)
        return 1

    def ours(self, tasks: Sequence[int]) -> dict[int, list[StoredPrediction]]:
        """What Label Studio holds of our predictions of these tasks, oldest version first."""
        project, services = self.context.project, self.context.services
        names = services.versions.ours(project)
        found: dict[int, list[StoredPrediction]] = {task: [] for task in tasks}
        for prediction in services.label_studio.predictions(project.id, tasks):
            if prediction.model_version in names:
                found[prediction.task].append(prediction)
        return {task: sorted(each, key=_age) for task, each in found.items()}

    def _place(self, found: Sequence[StoredPrediction]) -> int | None:
        already = [each.id for each in found if each.model_version == self.version.name]
        if already:
            return already[0]
        return None if len(found) < self.most else found[0].id

    def add(self, task_ids: Sequence[int], miscounted: Sequence[int] = ()) -> int:
        """Import the version's predictions for these tasks into Label Studio; return how many it stored.

        Tasks that were deleted meanwhile are left out.

        Args:
            task_ids: tasks to publish predictions of.
            miscounted: tasks whose annotations Label Studio has counted wrongly. An import that overlaps a submit can
                set the task's counters back; the next import that names the task counts them anew.

        Raises:
            PublicationRefusedError: Label Studio stored fewer than it was sent.
        """
        project, services = self.context.project, self.context.services
        scores = rank_scores(self.version) | dict.fromkeys(miscounted, LAST)
        predictions = self._predict([*task_ids, *miscounted], scores)
        services.mirror.record_importing(project, [item["task"] for item in predictions])
        try:
            stored = services.label_studio.import_predictions(project.id, predictions)
        except OperatorError:
            # One task that is gone refuses the whole call.
            existing = {int(task["id"]) for task in services.label_studio.all_tasks(project.id)}
            predictions = [item for item in predictions if item["task"] in existing]
            stored = services.label_studio.import_predictions(project.id, predictions)
        if stored != len(predictions):
            raise PublicationRefusedError(
                f"Label Studio stored {stored} of {len(predictions)} predictions of version {self.version.name}; "
                "is every class still a choice of the label config?"
            )
        services.mirror.record_published(project, [item["task"] for item in predictions], self.version.edition)
        return stored

    def make_room(self, tasks: Sequence[int], leave: int) -> Iterator[int]:
        """Remove the oldest of our predictions of these tasks, none of the version's own, down to `leave`.

        Yields:
            1 for each task that is done.
        """
        project, services = self.context.project, self.context.services
        for task, found in self.ours(tasks).items():
            old = [each for each in found if each.model_version != self.version.name]
            too_many = old[: max(0, len(found) - leave)]
            for each in too_many:
                services.label_studio.delete_prediction(each.id)
            services.mirror.record_predictions(project, {task: len(found) - len(too_many)})
            yield 1

    def _predict(self, task_ids: Sequence[int], scores: Mapping[int, float]) -> list[Json]:
        """What `predict` makes of the stored features, without a word on tasks under audit."""
        project, services = self.context.project, self.context.services
        backbone = services.backbones.get(self.version.backbone)
        features = services.features.of_tasks(backbone, services.mirror.tasks(project, task_ids))
        audited = services.autolabelings.audited(project)
        others = foreign_of(self.version, services.mirror, project, task_ids)
        shown, said = unaudited(features, audited), unaudited(others, audited)
        return predict(self.version, self.labeling, shown, task_ids, scores, said)


def _age(prediction: StoredPrediction) -> tuple[bool, str, int]:
    """Sorts by age: what was answered before the first version, then by version, whose names follow the time."""
    return prediction.model_version != NO_VERSION, prediction.model_version, prediction.id
