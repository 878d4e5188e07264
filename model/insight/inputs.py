"""What a project knows when its figures are made."""

from dataclasses import dataclass

import numpy as np

from model.arrays import BoolArray, FloatArray, IntArray
from model.checks import check_features, check_labels
from model.errors import InputError
from model.head.head import FeatureTransform

LEAST_HOLDOUT_LABELS = 20
"""Counted holdout labels below which no figure is given: the interval of an accuracy is then 40 points wide."""


@dataclass(frozen=True, eq=False)
class InsightInput:
    """A project's images, its labels, and how the served head did on the holdout.

    Attributes:
        features: (n, d), any floating dtype, of all images, labelled or not.
        labels: (n,) int, index into the label config's classes, -1 where there is no label.
        answered_at: (n,) float, seconds (of any clock) at which each label was given; NaN without a label.
        counted: (n,) True for the labels of the holdout that count.
        predicted: (n,) int, the class that the served head gives each image.
        right: (counted labels,) whether the served kind of head, fitted without that label, predicted it; in the order
            of the rows.
        transform: made of all of the project's features.
        seed: of all draws.
    """

    features: FloatArray
    labels: IntArray
    answered_at: FloatArray
    counted: BoolArray
    predicted: IntArray
    right: BoolArray
    transform: FeatureTransform
    seed: int

    def __post_init__(self) -> None:
        check_features(self.features, len(self.transform.mean))
        n = (len(self.features),)
        if not self.labels.shape == self.answered_at.shape == self.counted.shape == self.predicted.shape == n:
            raise InputError(f"Labels, times, holdout and predictions must have {n[0]} entries, one for each image.")
        classes = int(max(self.labels.max(initial=-1), self.predicted.max(initial=-1))) + 1
        check_labels(self.predicted, n[0], classes)
        if (self.counted & (self.labels < 0)).any():
            raise InputError("Only a label can count for the holdout: some counted images have none.")
        if np.isnan(self.answered_at[self.labels >= 0]).any():
            raise InputError("Each label needs the time at which it was given.")
        if self.right.shape != (int(self.counted.sum()),):
            raise InputError(
                f"The holdout has {int(self.counted.sum())} counted labels, got {len(self.right)} answers."
            )

    @property
    def labelled(self) -> IntArray:
        """Rows that have a label, ascending."""
        return np.flatnonzero(self.labels >= 0)

    @property
    def holdout(self) -> IntArray:
        """Rows of the holdout's counted labels, ascending."""
        return np.flatnonzero(self.counted)

    @property
    def enough(self) -> bool:
        """Whether the holdout has labels enough for any figure, and of more than one class."""
        return len(self.holdout) >= LEAST_HOLDOUT_LABELS and len(np.unique(self.labels[self.holdout])) > 1
