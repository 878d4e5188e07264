"""The stop adviser: what the next labels are likely to bring, and the hours that they take."""

import numpy as np

from model.arrays import BoolArray, FloatArray, IntArray
from model.head.evaluation import CONFIDENCE, NOT_ENOUGH, Estimate
from model.head.fitting import fit, out_of_fold
from model.insight.inputs import InsightInput
from model.insight.results import Advice, FurtherLabels

RESAMPLES = 1_000
TINY = 1e-6
"""Stands for no error at all, which has no place on a power law."""

STEPS = (100, 200, 500)
"""Numbers of further labels that advice is given on."""


def advise(inputs: InsightInput, seconds_per_label: float | None) -> Advice:
    """What the next 100, 200 and 500 labels would bring.

    The project's own history says how fast the error falls: heads of the first half of its labels and heads of all of
    them, tested on the holdout's labels, none on one that it was fitted on. The error goes on falling by the same power
    of the number of labels; the interval is that of a bootstrap over the holdout's labels, on which the two are paired.
    No gain is given beyond twice the labels of now: the history reaches no further.

    Seconds: about those of two evaluations of the head (`model.head.fitting.out_of_fold`).

    Args:
        inputs: of the project now.
        seconds_per_label: median seconds that an annotation takes, above 0; None where unknown.

    Raises:
        InputError: a feature that is not finite.
    """
    n, labels = len(inputs.holdout), len(inputs.labelled)
    history = _errors(inputs) if inputs.enough else None
    steps = []
    for count in STEPS:
        gain = None
        if history is not None and count <= labels:
            gain = _gain(history, 1 + count / labels, inputs.seed)
        hours = None if seconds_per_label is None else count * seconds_per_label / 3600
        steps.append(FurtherLabels(count, gain, hours, NOT_ENOUGH if gain is None else ""))
    return Advice(n, labels, tuple(steps))


def _errors(inputs: InsightInput) -> tuple[BoolArray, BoolArray] | None:
    """Whether a head of half the labels, and one of all, is wrong on each counted label of the holdout.

    None where the first half of the labels has a single class.
    """
    by_time = inputs.labelled[np.argsort(inputs.answered_at[inputs.labelled], kind="stable")]
    early = np.sort(by_time[: len(by_time) // 2])
    if len(np.unique(inputs.labels[early])) < 2:
        return None
    return _wrong(inputs, early), _wrong(inputs, inputs.labelled)


def _wrong(inputs: InsightInput, rows: IntArray) -> BoolArray:
    """Whether a head of these labels is wrong on each counted label of the holdout: (counted labels,) in order of rows.

    The holdout's labels among the rows are predicted out of fold.
    """
    features, labels = inputs.features, inputs.labels
    wrong = np.zeros(len(labels), dtype=bool)
    inside = rows[inputs.counted[rows]]
    outside = np.setdiff1d(inputs.holdout, rows)
    logits = out_of_fold(features[rows], labels[rows], inputs.counted[rows], inputs.transform, seed=inputs.seed)
    classes = np.unique(labels[rows])
    if len(inside):
        wrong[inside] = classes[logits.argmax(axis=1)] != labels[inside]
    if len(outside):
        names = [str(number) for number in range(int(labels.max()) + 1)]
        head = fit(features[rows], labels[rows], names, inputs.transform)
        wrong[outside] = classes[head.logits(features[outside]).argmax(axis=1)] != labels[outside]
    return wrong[inputs.counted]


def _gain(history: tuple[BoolArray, BoolArray], growth: float, seed: int) -> Estimate:
    """Fall of the error when labels grow by a factor, with a bootstrap over the holdout's labels.

    Args:
        history: whether heads of half the labels, and of all, are wrong on each.
        growth: of the number of labels, in (1, 2].
        seed: of the bootstrap.
    """
    half, now = (wrong.astype(np.float64) for wrong in history)
    # More labels are not expected to harm; that they may seem to have done so is for the interval to say.
    value = max(float(_fall(half.mean(keepdims=True), now.mean(keepdims=True), growth)[0]), 0.0)
    weights = np.random.default_rng(seed).dirichlet(np.ones(len(now) + 4), RESAMPLES)
    # One more label of each kind, known to both, either or neither: none of them is impossible for not being seen.
    resampled = _fall(weights @ np.append(half, [0, 1, 0, 1]), weights @ np.append(now, [0, 0, 1, 1]), growth)
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value, float(min(low, value)), float(max(high, value)))


def _fall(half: FloatArray, now: FloatArray, growth: float) -> FloatArray:
    """The fall `now - now × growth^-c`, where halving the labels made the error `half`: c = log2(half / now).

    Where the error rose, a power has no meaning: it goes on rising by as much with each doubling.
    """
    power = np.log2(np.maximum(half, TINY) / np.maximum(now, TINY))
    fall: FloatArray = np.where(half >= now, now * (1 - growth**-power), (half - now) * np.log2(growth))
    return fall
