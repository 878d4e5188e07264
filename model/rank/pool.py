"""What a ranking strategy may look at."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from model.arrays import BoolArray, FloatArray, IntArray
from model.checks import check_features
from model.errors import InputError
from model.head.head import Head


@dataclass(frozen=True, eq=False)
class Pool:
    """All of a project's images that have a feature, labelled ones and the holdout's included.

    Attributes:
        ids: (n,) int, each once: task ids. Ties go by them, and random draws follow them.
        features: (n, d), any floating dtype, straight from the backbone.
        labels: (n,) int, index into the label config's classes, -1 where there is no label.
        available: (n,) True for the images that may be asked for: unlabelled, outside the holdout, not skipped.
        classes: of the label config, >= 1.
        seed: of whatever the strategy draws.
        head: the quick head, fitted on all labels; None before two classes have one.
        given_points: (n, m) float32, `model.geometry.points` of the features where they are known already.
        foreign: (n,) float64 in [0, 1], how sure another model is of each image, NaN where it says nothing; given while
            that model is the better one.
    """

    ids: IntArray
    features: FloatArray
    labels: IntArray
    available: BoolArray
    classes: int
    seed: int
    head: Head | None = None
    given_points: FloatArray | None = None
    foreign: FloatArray | None = None

    def __post_init__(self) -> None:
        check_features(self.features)
        n = (len(self.features),)
        if not self.ids.shape == self.labels.shape == self.available.shape == n:
            raise InputError(f"Ids, labels and availability must have {n[0]} entries, one for each feature.")
        if len(np.unique(self.ids)) != n[0]:
            raise InputError("An image is in the pool twice: ids must differ.")
        if self.classes < 1 or (n[0] and self.labels.max() >= self.classes):
            raise InputError(f"Labels must be below the number of classes, {self.classes}, and that at least 1.")
        if (self.available & (self.labels >= 0)).any():
            raise InputError("An image that has a label can't be asked for again.")
        if self.given_points is not None and len(self.given_points) != n[0]:
            raise InputError(f"{n[0]} features don't go with {len(self.given_points)} points.")
        if self.foreign is not None and self.foreign.shape != n:
            raise InputError(f"{n[0]} features don't go with {len(self.foreign)} foreign predictions.")

    def take(self, rows: IntArray) -> "Pool":
        """The pool of these rows, in this order."""
        return replace(
            self,
            ids=self.ids[rows],
            features=self.features[rows],
            labels=self.labels[rows],
            available=self.available[rows],
            given_points=None if self.given_points is None else self.given_points[rows],
            foreign=None if self.foreign is None else self.foreign[rows],
        )

    def rng(self) -> np.random.Generator:
        """A generator that begins anew with each call: the same pool is ranked the same way."""
        return np.random.default_rng(self.seed)

    @property
    def labelled(self) -> IntArray:
        """Rows that have a label, ascending."""
        return np.flatnonzero(self.labels >= 0)

    @property
    def candidates(self) -> IntArray:
        """Rows that may be asked for, ascending."""
        return np.flatnonzero(self.available)

    @cached_property
    def points(self) -> FloatArray:
        """(n, m) float32 of unit length, see `model.geometry.points`.

        Raises:
            InputError: a feature that is not finite.
        """
        if self.given_points is not None:
            return self.given_points
        # SciPy takes a second to load, which the web process, that only imports the margin, need not wait for.
        from model.geometry import points  # noqa: PLC0415

        return points(self.features, self.seed)

    @property
    def foreign_doubt(self) -> FloatArray:
        """(n,) in [0, 1]: how unsure another model is; 1 where it says nothing.

        Raises:
            InputError: there is no such model, or our head is the better one.
        """
        if self.foreign is None:
            raise InputError("This strategy needs foreign predictions that are better than the head.")
        return 1 - np.nan_to_num(self.foreign, nan=0.0)

    @cached_property
    def probabilities(self) -> FloatArray:
        """(n, k) float32 of the head's k classes.

        Raises:
            InputError: there is no head yet, or a feature is not finite.
        """
        return self.fitted_head.probabilities(self.features)

    @property
    def fitted_head(self) -> Head:
        """The head, for strategies that need one.

        Raises:
            InputError: there is no head yet.
        """
        if self.head is None:
            raise InputError("This strategy needs a head: rank with 'herding' until two classes have labels.")
        return self.head
