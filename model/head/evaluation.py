"""Figures of a head with their uncertainty, on predictions whose labels it never saw."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from model.arrays import BoolArray, FloatArray, IntArray
from model.checks import check_labels, check_probabilities
from model.errors import InputError

CONFIDENCE = 0.95
BINS = 15
TOP = 5
RESAMPLES = 200
LEAST_PROBABILITY = 1e-7
"""Probabilities below count as this, so that one impossible label doesn't make the log loss infinite."""

NOT_ENOUGH = "not enough labels yet"

Z = 1.959963984540054
"""The quantile of the normal distribution that leaves half of 1 - CONFIDENCE above it. A constant, so that whoever
reads figures need not load SciPy."""


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % confidence interval, `low <= value <= high`."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassEvaluation:
    """A class's figures.

    Attributes:
        count: labels of the class.
        predicted: predictions of the class.
        recall: of its labels, the share predicted as such; None without labels.
        precision: of its predictions, the share that is right; None without predictions.
    """

    count: int
    predicted: int
    recall: Estimate | None
    precision: Estimate | None


@dataclass(frozen=True)
class Evaluation:
    """All figures; each is None where there is nothing to measure it on.

    Attributes:
        n: labels measured on.
        note: "not enough labels yet" without labels, else empty.
        accuracy: share of right predictions.
        top5: share of labels among the five most probable classes.
        log_loss: mean negative log of the label's probability, in nats.
        ece: expected calibration error, 15 bins, in [0, 1]. Biased upwards where n is small, and so is its interval.
        per_class: by class.
    """

    n: int
    note: str
    accuracy: Estimate | None
    top5: Estimate | None
    log_loss: Estimate | None
    ece: Estimate | None
    per_class: dict[str, ClassEvaluation]

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, numbers, texts and None."""
        return asdict(self)


def evaluate(probabilities: FloatArray, labels: IntArray, classes: Sequence[str]) -> Evaluation:
    """Compare probabilities with labels.

    Args:
        probabilities: (n, k), rows sum to 1, of predictions that never saw these labels.
        labels: (n,) column numbers.
        classes: k names.

    Raises:
        InputError: shapes that contradict each other, or a value that is not finite.
    """
    check_probabilities(probabilities)
    check_labels(labels, len(probabilities), len(classes))
    if probabilities.shape[1] != len(classes):
        raise InputError(f"{probabilities.shape[1]} columns of probabilities don't go with {len(classes)} classes.")
    n = len(labels)
    if n == 0:
        return Evaluation(0, NOT_ENOUGH, None, None, None, None, {name: _of_class(0, 0, 0) for name in classes})
    predicted = probabilities.argmax(axis=1)
    right = predicted == labels
    of_label = probabilities[np.arange(n), labels]
    # Ties count as ranked above: a head that says the same of all classes gets nothing for it.
    rank = (probabilities >= of_label[:, None]).sum(axis=1)
    return Evaluation(
        n=n,
        note="",
        accuracy=wilson(int(right.sum()), n),
        top5=wilson(int((rank <= TOP).sum()), n),
        log_loss=_mean(-np.log(np.maximum(of_label, LEAST_PROBABILITY))),
        ece=_ece_estimate(probabilities.max(axis=1), right),
        per_class={
            name: _of_class(int((labels == i).sum()), int((predicted == i).sum()), int((right & (labels == i)).sum()))
            for i, name in enumerate(classes)
        },
    )


def wilson(successes: int, n: int) -> Estimate:
    """A proportion with Wilson's score interval.

    Args:
        successes: in [0, n].
        n: at least 1.

    Raises:
        InputError: n below 1, or successes outside [0, n].

    Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    if n < 1 or not 0 <= successes <= n:
        raise InputError(f"A proportion needs at least one case, and successes among them; got {successes} of {n}.")
    share = successes / n
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    # At 0 and n the interval ends at the share itself, but for rounding.
    return Estimate(share, float(min(share, max(centre - half, 0.0))), float(max(share, min(centre + half, 1.0))))


def expected_calibration_error(confidences: FloatArray, right: BoolArray) -> float:
    """Mean gap between confidence and accuracy over 15 bins of equal width, weighted by their counts.

    Args:
        confidences: (n,) in [0, 1], n >= 1: the probability of the predicted class.
        right: (n,) whether the prediction was right.

    Returns:
        In [0, 1].

    Source: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", 2017, section 2.
    """
    bins = np.minimum((confidences * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, weights=confidences.astype(np.float64) - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(right))


def _of_class(count: int, predicted: int, right: int) -> ClassEvaluation:
    return ClassEvaluation(
        count=count,
        predicted=predicted,
        recall=wilson(right, count) if count else None,
        precision=wilson(right, predicted) if predicted else None,
    )


def _mean(values: FloatArray) -> Estimate | None:
    """A mean with its normal interval; None for fewer than two values, which have no spread."""
    if len(values) < 2:
        return None
    mean = float(values.mean(dtype=np.float64))
    half = Z * float(values.std(ddof=1, dtype=np.float64)) / np.sqrt(len(values))
    return Estimate(mean, float(mean - half), float(mean + half))


def _ece_estimate(confidences: FloatArray, right: BoolArray) -> Estimate:
    """The error with a bootstrap interval, widened where need be to hold the error itself."""
    value = expected_calibration_error(confidences, right)
    rng = np.random.default_rng(0)
    draws = rng.integers(len(right), size=(RESAMPLES, len(right)))
    resampled = [expected_calibration_error(confidences[draw], right[draw]) for draw in draws]
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value, float(min(low, value)), float(max(high, value)))
