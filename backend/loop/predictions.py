"""Predictions as Label Studio stores them: made from a version, imported, and noted in the mirror."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from backend.errors import OperatorError, PublicationRefusedError
from backend.label_studio.client import Json
from backend.label_studio.config import Labeling
from backend.services import ProjectContext
from backend.store.versions import Version
from model.arrays import FloatArray
from model.rank.margin import margin

LAST = 1.0
"""Rank score of a task that nothing is known of: everything else is asked first."""


def rank_scores(version: Version) -> dict[int, float]:
    """Rank score in [0, 1] by task id, of the tasks in the version's queue."""
    return dict(zip(version.task_ids.tolist(), version.scores.tolist(), strict=True))


def predict(
    version: Version,
    labeling: Labeling,
    features: Mapping[int, FloatArray],
    task_ids: Sequence[int],
    scores: Mapping[int, float],
) -> list[Json]:
    """One prediction per task, in order.

    A task without a feature, or a version without a head, gets an empty result: ranked, but not pre-annotated.

    Args:
        version: that predicts.
        labeling: the project's label config, read.
        features: (d,) by task id, of those tasks that have one.
        task_ids: tasks to predict.
        scores: rank scores by task id; a task that is not there is ranked by its margin.
    """
    known = [task for task in task_ids if task in features]
    picked: dict[int, tuple[str, float, float]] = {}
    head = version.best_head
    if head is not None and known:
        probabilities = head.probabilities(np.stack([features[task] for task in known]))
        for task, row, gap in zip(known, probabilities, margin(probabilities), strict=True):
            best = int(np.argmax(row))
            picked[task] = (head.classes[best], float(row[best]), float(gap))
    predictions = []
    for task in task_ids:
        result: list[Json] = []
        score = scores.get(task, LAST)
        if task in picked:
            choice, confidence, gap = picked[task]
            score = scores.get(task, gap)
            # The label config may have lost this choice since the version was made.
            current = labeling.current(choice)
            result = labeling.regions(current, confidence) if current is not None else []
        predictions.append({"task": task, "result": result, "score": score, "model_version": version.name})
    return predictions


def unaudited(features: Mapping[int, FloatArray], audited: Collection[int]) -> dict[int, FloatArray]:
    """The features without those of tasks under audit: these get no pre-annotation, which could sway who answers."""
    hidden = set(audited)
    return {task: feature for task, feature in features.items() if task not in hidden}


@dataclass(frozen=True)
class Publisher:
    """Gives a project's tasks a version's predictions: in Label Studio, and noted in the mirror."""

    context: ProjectContext
    version: Version
    labeling: Labeling

    def change(self, task: int) -> None:
        """Make a task's newest prediction the version's; a task without one gets it.

        Whoever has the task open submits the prediction's id with the annotation, and Label Studio refuses an id that
        is gone. A change takes some fifty times as long as a removal and an import.
        """
        project, services = self.context.project, self.context.services
        number = services.label_studio.newest_prediction(project.id, task)
        if number is None:
            self.publish([task])
            return
        (prediction,) = self._predict([task], rank_scores(self.version))
        services.label_studio.change_prediction(number, prediction)
        services.mirror.record_changed(project, [task], self.version.edition)

    def publish(self, task_ids: Sequence[int], labelled: Sequence[int] = ()) -> int:
        """Import the version's predictions for these tasks into Label Studio; return how many it stored.

        Tasks that were deleted meanwhile are left out.

        Args:
            task_ids: tasks to publish predictions of.
            labelled: tasks that were labelled lately. An import that overlaps a submit can set the task's counters
                back; the next import that names the task counts them anew.

        Raises:
            PublicationRefusedError: Label Studio stored fewer than it was sent.
        """
        project, label_studio = self.context.project, self.context.services.label_studio
        scores = rank_scores(self.version) | dict.fromkeys(labelled, LAST)
        predictions = self._predict([*task_ids, *labelled], scores)
        try:
            stored = label_studio.import_predictions(project.id, predictions)
        except OperatorError:
            # One task that is gone refuses the whole call.
            existing = {int(task["id"]) for task in label_studio.all_tasks(project.id)}
            predictions = [item for item in predictions if item["task"] in existing]
            stored = label_studio.import_predictions(project.id, predictions)
        if stored != len(predictions):
            raise PublicationRefusedError(
                f"Label Studio stored {stored} of {len(predictions)} predictions of version {self.version.name}; "
                "is every class still a choice of the label config?"
            )
        published = [item["task"] for item in predictions]
        self.context.services.mirror.record_published(project, published, self.version.edition)
        return stored

    def _predict(self, task_ids: Sequence[int], scores: Mapping[int, float]) -> list[Json]:
        """What `predict` makes of the stored features, without a word on tasks under audit."""
        project, services = self.context.project, self.context.services
        backbone = services.backbones.get(self.version.backbone)
        features = services.features.of_tasks(backbone, services.mirror.tasks(project, task_ids))
        shown = unaudited(features, services.autolabelings.audited(project))
        return predict(self.version, self.labeling, shown, task_ids, scores)
