"""What labels are worth: a run measured on the test images as it goes on."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from model.head.evaluation import expected_calibration_error
from model.head.head import Head
from scripts.lab.simulation.foreign import foreign_model
from scripts.lab.simulation.replay import Cycle, RunOptions, cycles
from scripts.lab.simulation.serving import serve
from scripts.lab.simulation.splits import Split


@dataclass(frozen=True)
class CurvePoint:
    """A measurement.

    Attributes:
        labels: the tasks labelled so far.
        accuracy: on the test images; None before two classes have a label.
        ece: expected calibration error on the test images; None like accuracy.
        classes_seen: classes with a label.
        ranked_by: the strategy that chose the last batch.
        seconds: of the loop's cycle that led here: rank, train, evaluate.
        rank_seconds: of ranking alone.
        serve_seconds: of the second stage, which makes the served head.
    """

    labels: int
    accuracy: float | None
    ece: float | None
    classes_seen: int
    ranked_by: str
    seconds: float
    rank_seconds: float
    serve_seconds: float


def run(split: Split, options: RunOptions, progress: Callable[[int], None]) -> list[CurvePoint]:
    """Replay a run and measure the served head, until the budget is used up or the accuracy to stop at is reached.

    Args:
        split: with at least `options.budget` images to label.
        options: of the run.
        progress: told the number of labels after each batch.
    """
    curve: list[CurvePoint] = []
    labels, due = 0, 0
    for cycle in cycles(split, options):
        labels += len(cycle.tasks)
        if labels >= min(due, options.budget):
            due = labels + options.evaluate_every
            curve.append(_point(cycle, labels, split, options))
        progress(labels)
        if options.stop_at is not None and (curve[-1].accuracy or 0.0) >= options.stop_at:
            break
    return curve


def _point(cycle: Cycle, labels: int, split: Split, options: RunOptions) -> CurvePoint:
    seed = options.seed
    accuracy, ece, serve_seconds = None, None, 0.0
    if cycle.head is not None:
        started = time.perf_counter()
        served = serve(cycle.dataset, cycle.head, split.nearest(seed), seed)
        serve_seconds = time.perf_counter() - started
        accuracy, ece = measure(_shown(cycle, served, split, options), split)
    return CurvePoint(
        labels=labels,
        accuracy=accuracy,
        ece=ece,
        classes_seen=cycle.dataset.classes_seen,
        ranked_by=cycle.ranked_by,
        seconds=cycle.seconds,
        rank_seconds=cycle.rank_seconds,
        serve_seconds=serve_seconds,
    )


def _shown(cycle: Cycle, served: Head, split: Split, options: RunOptions) -> Head:
    """The head whose predictions people see: the foreign model's while it is the better one."""
    if not cycle.foreign_leads or options.foreign is None:
        return served
    return foreign_model(split, options.foreign, options.seed).head


def measure(head: Head, split: Split) -> tuple[float, float]:
    """Accuracy and expected calibration error on the test images, both in [0, 1]."""
    probabilities = head.probabilities(split.test_features)
    places = {name: place for place, name in enumerate(split.classes)}
    known = np.array([places[name] for name in head.classes])
    right = known[probabilities.argmax(axis=1)] == split.test_targets
    return float(right.mean()), expected_calibration_error(probabilities.max(axis=1), right)
