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
"""Of the curve's two parameters before any evidence: e times too many errors or too few are nothing unusual."""

CHOSEN = 0.8
"""What the log odds of an image that a strategy chose count for. Held out, such an image has no label near it: it is
more often wrong than an image of the pool of the same confidence, the more so the surer. Measured with the distilled
head on Caltech-101."""

DRAWS = 64


@dataclass(frozen=True, eq=False)
class Evidence:
    """Labelled images, each predicted by a head that never saw its label.

    Take all labels, those of the random arm and those that a strategy chose: the arm alone would need thousands to say
    anything of sets that are wrong in one image of five hundred.

    Attributes:
        confidences: (m,) in [0, 1], calibrated as the served ones are.
        right: (m,) whether the most probable class is the label.
        at_random: (m,) True for counted labels of the random arm.
    """

    confidences: FloatArray
    right: BoolArray
    at_random: BoolArray

    def __post_init__(self) -> None:
        if not self.confidences.shape == self.right.shape == self.at_random.shape:
            raise InputError("Evidence needs a confidence, a right or wrong, and a source for each labelled image.")
        check_confidences(self.confidences)


def error_curves(evidence: Evidence, confidences: FloatArray) -> FloatArray:
    """Probability of an error by confidence: logistic in the confidence's log odds, drawn from its posterior.

    The prior says that confidences come true (offset 0, slope 1); the posterior is taken as normal around its mode
    (Laplace). Where there is little evidence the draws differ much, and so will the errors expected of a set.

    Args:
        evidence: may be empty.
        confidences: (n,) in [0, 1], of the images in question.

    Returns:
        (DRAWS, n) float64 in (0, 1), falling with confidence.

    Source: Platt, "Probabilistic Outputs for Support Vector Machines", 1999; MacKay, "Information Theory, Inference,
    and Learning Algorithms", chapter 27.
    """
    odds = _log_odds(evidence.confidences) * np.where(evidence.at_random, 1.0, CHOSEN)
    signs = np.where(evidence.right, 1.0, -1.0)

    def loss(parameters: FloatArray) -> float:
        offset, log_slope = parameters
        scores = signs * (offset + np.exp(log_slope) * odds)
        return float(np.logaddexp(0, -scores).sum() + (parameters @ parameters) / (2 * SPREAD**2))

    found = minimize(loss, np.zeros(2), method="BFGS")
    # The same draws for equal evidence: a proposal must not change by being asked for twice.
    normal = np.random.default_rng(0).standard_normal((DRAWS, 2))
    drawn = found.x + normal @ np.linalg.cholesky(found.hess_inv).T
    curves: FloatArray = expit(-(drawn[:, :1] + np.exp(drawn[:, 1:]) * _log_odds(confidences)))
    return curves


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
