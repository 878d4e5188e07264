"""Uncertainty by the margin between the two most probable classes."""

import numpy as np

from model.arrays import FloatArray
from model.checks import check_probabilities


def margin(probabilities: FloatArray) -> FloatArray:
    """Gap between the two most probable classes: small where the model hesitates.

    Args:
        probabilities: (n, k), k >= 2, rows sum to 1.

    Returns:
        (n,) in [0, 1]; 0 is a tie, 1 is certain.

    Raises:
        InputError: fewer than two classes, or a value that is not finite.

    Source: Scheffer, Decomain, Wrobel, "Active Hidden Markov Models for Information Extraction", 2001.
    """
    check_probabilities(probabilities, least_classes=2)
    second, first = np.partition(probabilities, -2, axis=1)[:, -2:].T
    gap: FloatArray = first - second
    return gap
