"""Distances between images: principal directions of the transformed features, as points of unit length."""

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_limits

from model.arrays import FloatArray
from model.head import TINY, FeatureTransform

DIMENSIONS = 128
"""Principal directions kept: distances in them are as good as in all 1,280, at a tenth of the time."""

FIT_ROWS = 5_000
"""Images that the principal directions are fitted on."""


def points(features: FloatArray, seed: int) -> FloatArray:
    """Place images on a sphere, so that the dot product of two is their likeness.

    Args:
        features: (n, d), any floating dtype.
        seed: of the sample that the directions are fitted on, where there are more than 5,000 images.

    Returns:
        (n, m) float32, m = min(n, d, 128), rows of unit length (or zero, where a feature equals the mean).

    Raises:
        InputError: a feature that is not finite.
    """
    if not len(features):
        return np.empty((0, 0), dtype=np.float32)
    sample = np.random.default_rng(seed).choice(len(features), min(len(features), FIT_ROWS), replace=False)
    sample.sort()
    transform = FeatureTransform.of(features[sample])
    projected = transform.project(features, _principal_directions(transform.apply(features[sample])))
    projected /= np.maximum(np.sqrt(np.einsum("ij,ij->i", projected, projected)), TINY)[:, None]
    return projected


def _principal_directions(rows: FloatArray) -> FloatArray:
    """Directions (d, at most 128) of the largest energy, from the smaller of the two products of `rows` (n, d)."""
    n, d = rows.shape
    product = rows.T @ rows if n >= d else rows @ rows.T
    largest = [max(min(n, d) - DIMENSIONS, 0), min(n, d) - 1]
    # One thread: NumPy's and SciPy's BLAS wait for each other's threads by spinning.
    with threadpool_limits(limits=1, user_api="blas"):
        energies, vectors = scipy.linalg.eigh(product.astype(np.float64), subset_by_index=largest)
    if n < d:
        vectors = rows.T @ (vectors / np.sqrt(np.maximum(energies, TINY)))
    directions: FloatArray = vectors.astype(np.float32)
    return directions
