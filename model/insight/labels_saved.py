"""Labels saved: how many random labels the accuracy of now would have taken."""

import numpy as np

from model.arrays import FloatArray
from model.head.evaluation import NOT_ENOUGH
from model.insight import learning_curve
from model.insight.inputs import InsightInput
from model.insight.learning_curve import Curve
from model.insight.results import LabelsSaved, Range

CONFIDENCE = 0.95
"""Of each end of a range."""

RESAMPLES = 1_000

TINY = 1e-9
"""Keeps a holdout that its own labels predict without a mistake from dividing by zero."""


def labels_saved(inputs: InsightInput) -> LabelsSaved:
    """Find the number of random labels that the accuracy of now would have taken.

    It is where the learning curve, set to the height of the holdout's own, falls to the error of now; the ends come
    from a bootstrap over the holdout's labels, which moves both. Beyond the holdout's size the curve is known from
    below only: the range is open above then, and has no best guess. A low end at the last size that seconds allow stays
    there.

    Seconds: see `model.insight.learning_curve`.

    Raises:
        InputError: a feature that is not finite.
    """
    n, labels = len(inputs.holdout), len(inputs.labelled)
    if not inputs.enough:
        return LabelsSaved(n, labels, None, None, NOT_ENOUGH)
    needed = _random_labels(inputs, n)
    note = "" if needed.high is not None else f"at least {needed.low:,} random labels"
    return LabelsSaved(n, labels, needed, needed.less(labels), note)


def _random_labels(inputs: InsightInput, n: int) -> Range:
    curve = Curve(inputs)
    now = (~inputs.right).astype(np.float64)
    early = learning_curve.holdout_errors(inputs)
    at_holdout = curve.error(n - n // learning_curve.FOLDS)
    # One more label, wrong for the low end and right for the high one, gives an interval to a holdout without any
    # error.
    most = at_holdout * float(np.quantile(_ratios(now, early, 1.0, inputs.seed), CONFIDENCE))
    least = at_holdout * float(np.quantile(_ratios(now, early, 0.0, inputs.seed), 1 - CONFIDENCE))
    guess = at_holdout * now.mean() / max(early.mean(), TINY)
    low = curve.labels_for(most, learning_curve.MOST_ROWS)
    return Range(
        low=curve.largest if low is None else low,
        value=curve.labels_for(guess, n),
        high=curve.labels_for(least, n),
    )


def _ratios(now: FloatArray, early: FloatArray, added: float, seed: int) -> FloatArray:
    """Bootstrap of the error of now over the error early on, each label weighted at random.

    Source: Rubin, "The Bayesian Bootstrap", 1981. With one more label counted in, the quantiles of an error alone are
    those of Clopper and Pearson, 1934.
    """
    weights = np.random.default_rng(seed).dirichlet(np.ones(len(now) + 1), RESAMPLES)
    of_early = weights @ np.append(early, early.mean())
    ratios: FloatArray = (weights @ np.append(now, added)) / np.maximum(of_early, TINY)
    return ratios
