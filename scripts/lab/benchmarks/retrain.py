"""A retrain alone: fit the head on stored features, then calibrate and evaluate it, as a run does."""

import time
from collections.abc import Sequence

import numpy as np

from backend.loop import evaluate, train
from model.arrays import FloatArray, IntArray
from scripts.cli.progress import tracked
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.benchmarks.figures import Figure, Measured, median
from scripts.lab.benchmarks.samples import dataset

MOST_SECONDS = 5.0
SEED = 0


def run(features: FloatArray, labels: IntArray, classes: Sequence[str], labelled: int, rounds: int = 3) -> Measured:
    """Train and evaluate again and again; the figure is the median.

    Args:
        features: (n, d), all of the project's.
        labels: (n,) index into `classes`.
        classes: names.
        labelled: how many of them are known, the first ones.
        rounds: at least 1.

    Raises:
        BenchmarkError: fewer than two classes among the labels.
    """
    data = dataset(features, labels, classes, labelled)
    trainings, evaluations, accuracy = [], [], 0.0
    for _ in tracked(range(rounds), "retraining", unit="round", kept=False):
        started = time.perf_counter()
        head = train.run(data)
        trained = time.perf_counter()
        if head is None:
            raise BenchmarkError("A head needs labels of two classes: measure with more labels.")
        evaluate.run(data, head, SEED)
        evaluations.append(time.perf_counter() - trained)
        trainings.append(trained - started)
        chosen = np.array(head.classes)[head.probabilities(features[labelled:]).argmax(axis=1)]
        accuracy = float((chosen == np.array(classes)[labels[labelled:]]).mean()) if len(chosen) else float("nan")
    totals = [training + evaluation for training, evaluation in zip(trainings, evaluations, strict=True)]
    of = f"{labelled:,} labels × {len(np.unique(labels[:labelled]))} classes"
    return Measured(
        figures=[
            Figure(f"retrain, {of}", median(totals), "s", MOST_SECONDS),
            Figure(f"retrain, {of}, of which training", median(trainings), "s"),
            Figure(f"retrain, {of}, of which evaluation", median(evaluations), "s"),
        ],
        details={
            "features": len(features),
            "arm_labels": int(data.counted.sum()),
            "accuracy_elsewhere": accuracy,
            "training_seconds": trainings,
            "evaluation_seconds": evaluations,
        },
    )
