"""What a project's figures say: accuracy now, calibration, labels saved, what going on would bring."""

import statistics
from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from backend.store.dataset import Dataset
from backend.store.labels import Annotation
from backend.store.records.insight import Calibration, Insight, StopAdvice
from model.arrays import BoolArray
from model.head.calibrate import MIN_HOLDOUT_LABELS
from model.head.evaluation import NOT_ENOUGH, Evaluation
from model.head.head import Head
from model.insight.accuracy import accuracy_now
from model.insight.advice import STEPS, advise
from model.insight.inputs import LEAST_HOLDOUT_LABELS, InsightInput
from model.insight.labels_saved import labels_saved
from model.insight.results import Advice, FurtherLabels, LabelsSaved

PACE_OF = 200
"""The project's pace is that of so many annotations, the latest: people become faster, and labels harder."""

LEAST_PACE = 10
"""Annotations with a lead time below which the pace is unknown."""

PACE_UNKNOWN = f"the pace is unknown: fewer than {LEAST_PACE} annotations say how long they took"


def run(
    data: Dataset,
    annotations: Iterable[Annotation],
    head: Head | None,
    evaluation: Evaluation | None,
    right: BoolArray,
    seed: int,
) -> Insight:
    """All figures; those that too few labels stand behind say so.

    Args:
        data: the project as it is.
        annotations: of the project, for its pace.
        head: the served one; None before two classes have a label.
        evaluation: of the served kind of head, out of fold on the holdout's counted labels.
        right: (counted labels,) whether it predicted them out of fold, by ascending task.
        seed: of all draws.
    """
    seconds, timed = pace(annotations)
    if head is None:
        saved, advice = _nothing(data, seconds)
    else:
        evidence = _evidence(data, head, right, seed)
        saved, advice = labels_saved(evidence), advise(evidence, seconds)
    return Insight(
        made_at=datetime.now(UTC).isoformat(),
        labels=int(data.labelled.sum()),
        holdout_labels=int(data.counted.sum()),
        accuracy=accuracy_now(evaluation),
        calibration=_calibration(head, evaluation),
        labels_saved=saved,
        stop_adviser=StopAdvice(
            n=advice.n,
            labels=advice.labels,
            steps=advice.steps,
            seconds_per_label=seconds,
            timed_annotations=timed,
            note="" if seconds else PACE_UNKNOWN,
        ),
    )


def pace(annotations: Iterable[Annotation]) -> tuple[float | None, int]:
    """Median seconds that a person takes for an annotation, and of how many: the latest `PACE_OF` with a lead time.

    Returns:
        None for the seconds with fewer than `LEAST_PACE` annotations, or where the median is no time at all.
    """
    timed = [each for each in annotations if each.lead_time is not None and each.by_person and not each.skipped]
    latest = sorted(timed, key=lambda each: (each.created_at, each.id))[-PACE_OF:]
    seconds = statistics.median(each.lead_time or 0.0 for each in latest) if len(latest) >= LEAST_PACE else 0.0
    return seconds or None, len(latest)


def _evidence(data: Dataset, head: Head, right: BoolArray, seed: int) -> InsightInput:
    times = {task: label.answered_at.timestamp() for task, label in data.labels.items()}
    column = np.array([data.classes.index(name) for name in head.classes], dtype=np.int64)
    return InsightInput(
        features=data.features,
        labels=data.targets,
        answered_at=np.array([times.get(task, np.nan) for task in data.task_ids.tolist()]),
        counted=data.counted,
        predicted=column[head.logits(data.features).argmax(axis=1)],
        right=right,
        transform=head.transform,
        seed=seed,
    )


def _nothing(data: Dataset, seconds: float | None) -> tuple[LabelsSaved, Advice]:
    """What can be said before two classes have a label: only how long labels take."""
    labels, holdout = int(data.labelled.sum()), int(data.counted.sum())
    steps = tuple(FurtherLabels(count, None, seconds and count * seconds / 3600, NOT_ENOUGH) for count in STEPS)
    return LabelsSaved(holdout, labels, None, None, NOT_ENOUGH), Advice(holdout, labels, steps)


def _calibration(head: Head | None, evaluation: Evaluation | None) -> Calibration:
    n = evaluation.n if evaluation is not None else 0
    return Calibration(
        n=n,
        calibrated=n >= MIN_HOLDOUT_LABELS,
        labels_needed=MIN_HOLDOUT_LABELS,
        temperature=head.temperature if head is not None else None,
        error=evaluation.ece if evaluation is not None and n >= LEAST_HOLDOUT_LABELS else None,
        note="" if n >= MIN_HOLDOUT_LABELS else NOT_ENOUGH,
    )
