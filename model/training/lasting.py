"""A split that stays the same while labels and images come: what judges one training was never seen by another."""

import numpy as np

from model.arrays import BoolArray, FloatArray, IntArray
from model.errors import InputError

VALIDATION_SHARE = 0.15


def held_back(positions: FloatArray, groups: IntArray, share: float = VALIDATION_SHARE) -> BoolArray:
    """Which images no training may learn from: fixed for each by a hash, before anything is known of it.

    Near-duplicates stay together: the first of a group speaks for all. An image that comes later is never first, so
    no group changes its side unless it joins another.

    Args:
        positions: (n,) in [0, 1), see `model.holdout.hash_positions`; by ascending task. The upper end is held back:
            the lower one is the holdout's.
        groups: (n,) from 0, see `model.training.duplicates`.
        share: of the images to hold back, in [0, 1].

    Raises:
        InputError: arrays of different lengths, or a share out of its range.
    """
    if positions.shape != groups.shape:
        raise InputError(f"{len(positions)} positions don't go with {len(groups)} groups.")
    if not 0 <= share <= 1:
        raise InputError(f"The share to hold back must be between 0 and 1, got {share}.")
    _, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
    held: BoolArray = (positions >= 1 - share)[first][group_of]
    return held
