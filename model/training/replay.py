"""Warm start: which labels a network that was trained before learns from now.

The network itself comes from `model.networks.carrying.carry_over`.
"""

import numpy as np

from model.arrays import BoolArray, IntArray
from model.errors import InputError


def replayed(rows: IntArray, labels: IntArray, is_new: BoolArray, share: float, *, seed: int = 0) -> IntArray:
    """The new rows, and of the old ones a share in which the classes are as balanced as the labels allow.

    Without the old ones a network forgets what it isn't shown. The share is made up of as many rows of each class as
    there are, up to a number that is the same for all: rare classes are replayed whole, common ones in part.

    Args:
        rows: (n,) of the training side.
        labels: class of every row of the data.
        is_new: of every row of the data, whether the network hasn't learned from it.
        share: of the old rows to replay, in [0, 1].
        seed: of the choice, at least 0.

    Returns:
        Ascending rows.

    Raises:
        InputError: a share out of its range.
    """
    if not 0 <= share <= 1:
        raise InputError(f"The share of old labels to replay is {share}. Make it at least 0 and at most 1.")
    old = np.random.default_rng(seed).permutation(rows[~is_new[rows]])
    rank = _rank_in_class(labels[old])
    # The first of every class come before the second of any: a prefix is as balanced as can be.
    chosen = old[np.argsort(rank, kind="stable")[: round(share * len(old))]]
    return np.sort(np.concatenate([rows[is_new[rows]], chosen]))


def _rank_in_class(labels: IntArray) -> IntArray:
    """Of each label how many of its class come before it."""
    order = np.argsort(labels, kind="stable")
    _, starts, counts = np.unique(labels[order], return_index=True, return_counts=True)
    rank = np.empty(len(labels), dtype=np.int64)
    rank[order] = np.arange(len(labels)) - np.repeat(starts, counts)
    return rank
