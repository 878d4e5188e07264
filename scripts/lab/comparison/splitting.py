"""Which images train, choose and judge: one split for all models."""

import numpy as np

from model.arrays import IntArray
from model.training.splits import FRACTIONS, TrainingSplit, split
from scripts.lab.comparison.errors import ComparisonError
from scripts.lab.comparison.images import LabelledImages


def parted(data: LabelledImages, seed: int) -> TrainingSplit:
    """70 % to train, 15 % to validate, 15 % to test, of each class its share; near-duplicates stay together.

    Where the data have a test part of their own, it is that, and the rest is parted in the same proportion.

    Raises:
        ComparisonError: a part would have no image, or training one class.
    """
    if data.test is None:
        found = split(data.targets, groups=data.groups, seed=seed)
    else:
        found = _beside_test(data, np.flatnonzero(data.test), seed)
    empty = [name for name, rows in vars(found).items() if not len(rows)]
    if empty:
        raise ComparisonError(
            f"{data.name}: of {len(data.targets)} images none is left for {' and '.join(empty)}. Give more images."
        )
    if len(np.unique(data.targets[found.train])) < 2:
        raise ComparisonError(f"{data.name}: the images to train on are of one class. Give more images.")
    return found


def _beside_test(data: LabelledImages, test: IntArray, seed: int) -> TrainingSplit:
    among = np.setdiff1d(np.arange(len(data.targets)), test)
    train, validation, _ = FRACTIONS
    whole = train + validation
    fractions = (train / whole, validation / whole, 0.0)
    groups = None if data.groups is None else data.groups[among]
    rest = split(data.targets[among], fractions=fractions, groups=groups, seed=seed)
    return TrainingSplit(among[rest.train], among[rest.validation], test)
