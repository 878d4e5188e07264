"""How often a prediction of a given confidence is wrong, learnt from labelled images; with its uncertainty."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from model.arrays import BoolArray, FloatArray
from model.errors import InputError

CLIP = 1e-7
"""Confidences closer to 0 or 1 count as this: float32 can't tell them apart."""

SPREAD = 1.0
"""Of the curve's offset and of its slope's logarithm before any evidence: confidences come true, within a factor of e
or so."""

MISTAKEN = {0.0: 0.8, 0.003: 0.1, 0.01: 0.06, 0.03: 0.04}
"""Shares of images that are wrong however confident, as where people mistake one class for another, and how probable
each is before any evidence."""

CHOSEN = 0.75
"""What the log odds of an image that a strategy chose count for. Held out, such an image has no label near it: it is
more often wrong than an image of the pool of the same confidence, the more so the surer. Measured with the distilled
head on Caltech-101."""

TINY = 1e-12
"""Keeps a logarithm finite where a curve is sure and wrong."""

DRAWS = 64


@dataclass(frozen=True, eq=False)
class OutOfFoldPredictions:
    """Labelled images, each predicted by a head that never saw its label.

    Take all labels, those of the holdout and those that a strategy chose: the holdout alone would need thousands to say
    anything of sets that are wrong in one image of five hundred.

    Attributes:
        confidences: (m,) in [0, 1], calibrated as the served ones are.
        right: (m,) whether the most probable class is the label.
        at_random: (m,) True for counted labels of the holdout.
    """

    confidences: FloatArray
    right: BoolArray
    at_random: BoolArray

    def __post_init__(self) -> None:
        if not self.confidences.shape == self.right.shape == self.at_random.shape:
            raise InputError("Evidence needs a confidence, a right or wrong, and a source for each labelled image.")
        check_confidences(self.confidences)


def error_curves(evidence: OutOfFoldPredictions, confidences: FloatArray) -> FloatArray:
    """Probability of an error by confidence, drawn from its posterior.

    It is 1 - (1 - m) · s(a + b · log odds), with s the logistic function: a calibration curve, and a share m that is
    wrong however confident. For each m of `MISTAKEN` the posterior of a and log b is taken as normal around its mode.
    Where there is little evidence the draws differ much, and so will the errors expected of a set.

    Args:
        evidence: may be empty.
        confidences: (n,) in [0, 1], of the images in question.

    Returns:
        (DRAWS, n) float64 in [0, 1], falling with confidence.

    Source: Platt, "Probabilistic Outputs for Support Vector Machines", 1999; the share m: Wichmann, Hill, "The
    Psychometric Function: I", 2001; the posterior: MacKay, "Information Theory, Inference, and Learning Algorithms",
    chapter 27.
    """
    odds = _log_odds(evidence.confidences) * np.where(evidence.at_random, 1.0, CHOSEN)
    fits = [_fit(odds, evidence.right, mistaken) for mistaken in MISTAKEN]
    weights = np.array(list(MISTAKEN.values())) * np.exp([fit.evidence - fits[0].evidence for fit in fits])
    # As many draws of each as its weight asks for, and the same ones for equal evidence.
    shares = np.round(np.cumsum(weights / weights.sum()) * DRAWS).astype(np.int64)
    normal = np.random.default_rng(0).standard_normal((DRAWS, 2))
    targets = _log_odds(confidences)
    curves = np.empty((DRAWS, len(targets)))
    for fit, mistaken, draws in zip(fits, MISTAKEN, np.split(np.arange(DRAWS), shares[:-1]), strict=True):
        for draw in draws:
            offset, log_slope = fit.mode + np.linalg.cholesky(fit.covariance) @ normal[draw]
            curves[draw] = 1 - (1 - mistaken) * expit(offset + np.exp(log_slope) * targets)
    return curves


@dataclass(frozen=True, eq=False)
class _Fit:
    """The normal posterior of (offset, log slope), and the logarithm of the evidence for it up to a constant."""

    mode: FloatArray
    covariance: FloatArray
    evidence: float


def _fit(odds: FloatArray, right: BoolArray, mistaken: float) -> _Fit:
    def loss(parameters: FloatArray) -> float:
        probability = np.clip(_right(parameters, odds, mistaken), TINY, 1 - TINY)
        likelihood = np.where(right, np.log(probability), np.log1p(-probability)).sum()
        return float((parameters @ parameters) / (2 * SPREAD**2) - likelihood)

    found = minimize(loss, np.zeros(2), method="BFGS")
    # Fisher's information with the prior's: positive definite, whatever the evidence.
    curve = _right(found.x, odds, 0.0)
    by_offset = (1 - mistaken) * curve * (1 - curve)
    derivatives = np.stack([by_offset, by_offset * np.exp(found.x[1]) * odds], axis=1)
    probability = (1 - mistaken) * curve
    weights = 1 / np.maximum(probability * (1 - probability), TINY)
    information = (derivatives * weights[:, None]).T @ derivatives + np.eye(2) / SPREAD**2
    return _Fit(found.x, np.linalg.inv(information), -float(found.fun) - np.linalg.slogdet(information)[1] / 2)


def check_confidences(confidences: FloatArray) -> None:
    """Refuse anything but one number in [0, 1] for each image.

    Raises:
        InputError: another shape, a value outside, or NaN.
    """
    if confidences.ndim != 1 or not ((confidences >= 0) & (confidences <= 1)).all():
        raise InputError("Confidences must be one number between 0 and 1 for each image.")


def _log_odds(confidences: FloatArray) -> FloatArray:
    odds: FloatArray = logit(np.clip(confidences.astype(np.float64), CLIP, 1 - CLIP))
    return odds


def _right(parameters: FloatArray, odds: FloatArray, mistaken: float) -> FloatArray:
    offset, log_slope = parameters
    probability: FloatArray = (1 - mistaken) * expit(offset + np.exp(log_slope) * odds)
    return probability
