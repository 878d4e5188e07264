"""Part images into those that train, those that choose the best epoch, and those that judge the result.

Made before any resampling, on images as they are: no copy of a training image can land on another side.
"""

from dataclasses import dataclass

import numpy as np

from model.arrays import FloatArray, IntArray
from model.checks import check_labels
from model.errors import InputError

FRACTIONS = (0.7, 0.15, 0.15)


@dataclass(frozen=True, eq=False)
class TrainingSplit:
    """Rows of the three sides; ascending, and none in two of them.

    Attributes:
        train: what the network learns from.
        validation: what stops the training and chooses its best epoch.
        test: what nothing was chosen by.
    """

    train: IntArray
    validation: IntArray
    test: IntArray


def split(
    labels: IntArray,
    *,
    fractions: tuple[float, float, float] = FRACTIONS,
    groups: IntArray | None = None,
    seed: int = 0,
) -> TrainingSplit:
    """Part rows by class, so that each side has its share of each; the same seed gives the same split.

    Args:
        labels: (n,) class of each image, at least 0.
        fractions: of train, validation and test; each at least 0, sum 1.
        groups: (n,) rows of one group stay on one side, see `model.training.duplicates`; None puts each row by itself.
        seed: at least 0.

    Returns:
        Without groups, each side has its share of a class to within one row.

    Raises:
        InputError: fractions that don't sum to 1, or groups of another length.
    """
    check_labels(labels, len(labels), int(labels.max(initial=0)) + 1)
    if min(fractions) < 0 or not np.isclose(sum(fractions), 1):
        raise InputError(f"The fractions of train, validation and test must sum to 1, got {fractions}.")
    if groups is not None and groups.shape != labels.shape:
        raise InputError(f"There must be a group for each of {len(labels)} rows, got shape {groups.shape}.")
    side_of = _sides(labels, np.arange(len(labels)) if groups is None else groups, np.array(fractions), seed)
    train, validation, test = (np.flatnonzero(side_of == side) for side in range(3))
    return TrainingSplit(train, validation, test)


def _sides(labels: IntArray, groups: IntArray, fractions: FloatArray, seed: int) -> IntArray:
    """Side of each row: group by group, the large ones first, to where its class lacks most rows."""
    names, group_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    class_of = _commonest(labels, group_of, len(names))
    lacking = np.outer(np.bincount(class_of, weights=sizes), fractions)
    lacking_in_all = lacking.sum(axis=0)
    side_of_group = np.empty(len(names), dtype=np.int64)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        most = lacking[class_of[group]].max()
        # Where a class lacks as much on two sides, the side that lacks more in all gets the group.
        tied = np.flatnonzero(np.isclose(lacking[class_of[group]], most))
        side = tied[np.argmax(lacking_in_all[tied])]
        lacking[class_of[group], side] -= sizes[group]
        lacking_in_all[side] -= sizes[group]
        side_of_group[group] = side
    sides: IntArray = side_of_group[group_of]
    return sides


def _commonest(labels: IntArray, group_of: IntArray, groups: int) -> IntArray:
    """Class of each group: that of most of its rows, of equal ones the first."""
    pairs, counts = np.unique(np.stack([group_of, labels]), axis=1, return_counts=True)
    commonest = np.zeros(groups, dtype=np.int64)
    # The last one written stays: the pair of the largest count, of equal ones the smallest class.
    order = np.lexsort((-pairs[1], counts))
    commonest[pairs[0, order]] = pairs[1, order]
    return commonest
