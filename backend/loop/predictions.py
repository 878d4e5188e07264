"""Predictions as Label Studio stores them, made from a version."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

import numpy as np

from backend.label_studio.client import Json
from backend.label_studio.config import Labeling
from backend.project import Project
from backend.store.mirror import Mirror
from backend.store.records.foreign import ForeignPrediction
from backend.store.versions import Version
from model.arrays import FloatArray
from model.rank.margin import margin

Known = TypeVar("Known")

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
    foreign: Mapping[int, ForeignPrediction] | None = None,
) -> list[Json]:
    """One prediction per task, in order.

    A task without a feature, or a version without a head, gets an empty result: ranked, but not pre-annotated.

    Args:
        version: that predicts.
        labeling: the project's label config, read.
        features: (d,) by task id, of those tasks that have one.
        task_ids: tasks to predict.
        scores: rank scores by task id; a task that is not there is ranked by its margin.
        foreign: of `foreign_of`, by task id: shown instead of what the version's head says.
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
        if foreign is not None and task in foreign:
            said = foreign[task]
            current = labeling.current(said.choice)
            if current is not None:
                result = labeling.regions(current, said.confidence)
                score = scores.get(task, LAST if said.confidence is None else said.confidence)
        predictions.append({"task": task, "result": result, "score": score, "model_version": version.name})
    return predictions


def foreign_of(
    version: Version, mirror: Mirror, project: Project, tasks: Sequence[int]
) -> dict[int, ForeignPrediction]:
    """Other models' predictions that are the version's pre-annotations, by task; none once its head is better."""
    return mirror.foreign(project, tasks) if version.record.foreign_leads else {}


def unaudited(by_task: Mapping[int, Known], audited: Collection[int]) -> dict[int, Known]:
    """What is known without that of tasks under audit: these get no pre-annotation, which could sway who answers."""
    hidden = set(audited)
    return {task: known for task, known in by_task.items() if task not in hidden}
