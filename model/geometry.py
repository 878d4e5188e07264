"""Distances between images: principal directions of the transformed features, as points of unit length."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.linalg

from model.arrays import FloatArray
from model.head.head import TINY, FeatureTransform
from model.threads import one_blas_thread

DIMENSIONS = 128
"""Principal directions kept: distances in them are as good as in all 1,280, at a tenth of the time."""

FIT_ROWS = 5_000
"""Images that the principal directions are fitted on."""


@dataclass(frozen=True, eq=False)
class Axes:
    """What places images, the old and the new ones alike.

    Attributes:
        transform: what features go through first.
        directions: (d, m) float32, m = min(n, d, 128) for the n images that they were fitted on.
    """

    transform: FeatureTransform
    directions: FloatArray

    @classmethod
    def of(cls, features: FloatArray, seed: int) -> Self:
        """Fit the directions on images, a sample of 5,000 where there are more.

        Args:
            features: (n, d), n >= 1, any floating dtype.
            seed: of the sample.

        Raises:
            InputError: no features, or one that is not finite.
        """
        sample = np.random.default_rng(seed).choice(len(features), min(len(features), FIT_ROWS), replace=False)
        sample.sort()
        transform = FeatureTransform.of(features[sample])
        return cls(transform, _principal_directions(transform.apply(features[sample])))

    def place(self, features: FloatArray) -> FloatArray:
        """Points on a sphere: the dot product of two is the likeness of their images.

        Args:
            features: (n, d), any floating dtype.

        Returns:
            (n, m) float32, rows of unit length (or zero, where a feature equals the mean).

        Raises:
            InputError: another width, or a feature that is not finite.
        """
        points = self.transform.project(features, self.directions)
        points /= np.maximum(np.sqrt(np.einsum("ij,ij->i", points, points)), TINY)[:, None]
        return points


def points(features: FloatArray, seed: int) -> FloatArray:
    """Points of images on axes of their own, see `Axes`; (0, 0) without images.

    Raises:
        InputError: a feature that is not finite.
    """
    if not len(features):
        return np.empty((0, 0), dtype=np.float32)
    return Axes.of(features, seed).place(features)


def _principal_directions(rows: FloatArray) -> FloatArray:
    """Directions (d, at most 128) of the largest energy, from the smaller of the two products of `rows` (n, d)."""
    n, d = rows.shape
    product = rows.T @ rows if n >= d else rows @ rows.T
    largest = [max(min(n, d) - DIMENSIONS, 0), min(n, d) - 1]
    with one_blas_thread():
        energies, vectors = scipy.linalg.eigh(product.astype(np.float64), subset_by_index=largest)
    if n < d:
        vectors = rows.T @ (vectors / np.sqrt(np.maximum(energies, TINY)))
    directions: FloatArray = vectors.astype(np.float32)
    return directions
