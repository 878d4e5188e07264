"""Learning curves: how the error of a head falls with the number of random labels that it is fitted on.

Random labels are few: those of the holdout. The curve is known beyond them in shape only, from heads that learn, from
random images of the whole project, what the served head says of these images. That world is simpler than the real one:
whatever the served head gets wrong is no mistake in it. So its error falls faster, and a number of labels read off it
is a lower bound, once the curve is set to the height that the holdout's true labels give it.
"""

import numpy as np

from model.arrays import BoolArray, FloatArray, IntArray
from model.head.fitting import fit
from model.insight.inputs import InsightInput

FOLDS = 5
"""The holdout's labels are learnt from in fifths: four to fit, one to test."""

FITTED_ROWS = 1_000
"""Rows fitted for one point of the curve, over all draws together; one draw is made in any case, eight at most."""

MOST_DRAWS = 8
TEST_ROWS = 3_000
"""Rows that one point is tested on, over all draws together."""

MOST_ROWS = 4_000
"""Images that a head of the curve is fitted on at most: beyond, it would take seconds."""

LEAST_ROWS = 10
STEP = 2.0
"""The curve's first size, and the largest ratio of neighbours."""

LEAST_ERROR = 1 / TEST_ROWS
"""What the tested rows can tell from none at all: the curve is followed no further down."""

LARGEST_SHARE = 0.75
"""Of the project's images, what a head of the curve is fitted on at most; the rest tests it."""


class Curve:
    """Error of heads fitted on random images of the project, each with its label or what the served head says of it.

    Points are made when they are asked for: a head of 4,000 labels of 101 classes takes a second.
    """

    def __init__(self, inputs: InsightInput) -> None:
        self._inputs = inputs
        self._believed = np.where(inputs.labels >= 0, inputs.labels, inputs.predicted)
        self._errors: dict[int, float] = {}
        most = max(min(int(len(self._believed) * LARGEST_SHARE), MOST_ROWS), LEAST_ROWS)
        points = 1 + int(np.ceil(np.log(most / LEAST_ROWS) / np.log(STEP)))
        self._sizes = [int(size) for size in np.geomspace(LEAST_ROWS, most, points).round()]

    @property
    def largest(self) -> int:
        """Labels at the curve's end."""
        return self._sizes[-1]

    def error(self, size: int) -> float:
        """Mean error over draws of `size` images, tested on others.

        Args:
            size: in [1, images).
        """
        if size not in self._errors:
            rng = np.random.default_rng([self._inputs.seed, size])
            images = (self._inputs.features, self._believed)
            draws = [rng.permutation(len(self._believed)) for _ in range(_draws(size))]
            last = size + TEST_ROWS // len(draws)
            errors = [_wrong(self._inputs, images, rows[:size], rows[size:last]) for rows in draws]
            self._errors[size] = float(np.mean([error.mean() for error in errors]))
        return self._errors[size]

    def labels_for(self, error: float, most: int) -> int | None:
        """Labels at which the curve falls to an error: between its points a power law, 1 before its first.

        Args:
            error: in [0, 1]; below what the curve can tell from none, where it gets so far.
            most: labels up to which the curve is followed.

        Returns:
            At least 1; None where the curve does not fall so far by then.
        """
        wanted = max(error, LEAST_ERROR)
        before: tuple[int, float] | None = None
        for size in self._sizes:
            now = max(self.error(size), LEAST_ERROR)
            if now <= wanted:
                found = 1 if before is None else _between(before, (size, now), wanted)
                return found if found <= most else None
            if size >= most:
                return None
            before = size, min(now, before[1]) if before else now
        return None


def holdout_errors(inputs: InsightInput) -> FloatArray:
    """How often heads of four fifths of the holdout's labels, and no others, were wrong on each of the last fifth.

    Returns:
        (counted labels,) in [0, 1], means over draws.
    """
    features, labels = inputs.features[inputs.counted], inputs.labels[inputs.counted]
    rng = np.random.default_rng(inputs.seed)
    draws = _draws(len(labels))
    wrong = np.zeros(len(labels))
    for _ in range(draws):
        for tested in np.array_split(rng.permutation(len(labels)), FOLDS):
            fitted = np.setdiff1d(np.arange(len(labels)), tested)
            wrong[tested] += _wrong(inputs, (features, labels), fitted, tested)
    return wrong / draws


def _between(before: tuple[int, float], after: tuple[int, float], error: float) -> int:
    """Labels at `error` on the power law through two points (labels, error), error falling."""
    share = np.log(before[1] / error) / np.log(before[1] / after[1])
    return int(before[0] * (after[0] / before[0]) ** share)


def _draws(size: int) -> int:
    return int(np.clip(FITTED_ROWS // size, 1, MOST_DRAWS))


def _wrong(inputs: InsightInput, images: tuple[FloatArray, IntArray], fitted: IntArray, tested: IntArray) -> BoolArray:
    """Whether a head of the fitted rows is wrong on each of the tested ones."""
    features, labels = images
    known = labels[fitted]
    if len(np.unique(known)) < 2:
        # One class is all that such labels can teach.
        alone: BoolArray = labels[tested] != known[0]
        return alone
    names = [str(number) for number in range(int(labels.max()) + 1)]
    head = fit(features[fitted], known, names, inputs.transform)
    classes = np.array([int(name) for name in head.classes])
    wrong: BoolArray = classes[head.logits(features[tested]).argmax(axis=1)] != labels[tested]
    return wrong
