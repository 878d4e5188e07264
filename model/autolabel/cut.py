"""The plain cut that people know: every prediction above a threshold, with nothing that proves anything."""

from dataclasses import dataclass

import numpy as np

from model.arrays import FloatArray, IntArray
from model.autolabel.reliability import check_confidences
from model.errors import InputError


@dataclass(frozen=True, eq=False)
class PlainCut:
    """All images of a confidence or more.

    Attributes:
        threshold: in [0, 1].
        rows: (s,) ascending.
        note: that it is uncertified, and how many.
    """

    threshold: float
    rows: IntArray
    note: str


def uncertified(confidences: FloatArray, threshold: float) -> PlainCut:
    """Cut at a confidence.

    Args:
        confidences: (n,) in [0, 1], of unlabelled images.
        threshold: in [0, 1].

    Raises:
        InputError: a value outside these ranges.
    """
    check_confidences(confidences)
    if not 0 <= threshold <= 1:
        raise InputError(f"The threshold must be between 0 and 1, got {threshold}.")
    rows = np.flatnonzero(confidences >= threshold)
    note = f"UNCERTIFIED: {len(rows)} images of confidence {threshold:g} or more; nobody knows how many are wrong."
    return PlainCut(threshold, rows, note)
