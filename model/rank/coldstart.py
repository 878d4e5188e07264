"""Cold start: an order before there is a model, spread over the data."""

import numpy as np
import scipy.linalg
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from model.arrays import FloatArray, IntArray
from model.head import TINY, FeatureTransform
from model.rank.pool import Pool

GEOMETRY = 128
"""Principal directions kept: distances in them are as good as in all 1,280, at a tenth of the time."""

FIT_ROWS = 5_000
"""Images that k-means and the principal directions are fitted on; the rest is only assigned."""


def coldstart(pool: Pool) -> FloatArray:
    """The strategy: place in `kmeans_order`, as a share of the pool.

    Returns:
        (n,) in [0, 1), all different.

    Raises:
        InputError: a feature that is not finite.
    """
    n = len(pool.features)
    scores = np.empty(n)
    scores[kmeans_order(pool.features, pool.clusters, pool.seed)] = np.arange(n) / max(n, 1)
    return scores


def kmeans_order(features: FloatArray, clusters: int, seed: int) -> IntArray:
    """Order all images so that any beginning of it covers the data: clusters take turns, the largest first.

    In the first round each cluster gives the image nearest its centroid, in the second its next-nearest, and so on.

    Args:
        features: (n, d), any floating dtype.
        clusters: at least 1; n of them where there are fewer images.
        seed: of the sample and of k-means.

    Returns:
        (n,) row numbers, each once.

    Raises:
        InputError: a feature that is not finite.
    """
    if len(features) == 0:
        return np.empty(0, dtype=np.int64)
    # One thread: at these sizes more of them wait for each other, for ten seconds where another process has a core.
    with threadpool_limits(limits=1):
        return _kmeans_order(features, clusters, seed)


def _kmeans_order(features: FloatArray, clusters: int, seed: int) -> IntArray:
    n = len(features)
    rng = np.random.default_rng(seed)
    sample = np.sort(rng.choice(n, min(n, FIT_ROWS), replace=False))
    points = _geometry(features, sample)
    means = KMeans(min(clusters, n), n_init=1, random_state=int(rng.integers(2**31))).fit(points[sample])
    centroids = means.cluster_centers_
    # Squared distances less the points' own length, which is 1 for all of them.
    distances = (centroids**2).sum(axis=1) - 2 * (points @ centroids.T)
    nearest = distances.argmin(axis=1)
    distance = distances[np.arange(n), nearest]
    sizes = np.bincount(nearest, minlength=len(centroids))
    by_cluster = np.lexsort((distance, nearest))
    firsts = np.cumsum(sizes) - sizes
    round_of = np.empty(n, dtype=np.int64)
    round_of[by_cluster] = np.arange(n) - firsts[nearest[by_cluster]]
    order: IntArray = np.lexsort((nearest, -sizes[nearest], round_of))
    return order


def _geometry(features: FloatArray, sample: IntArray) -> FloatArray:
    """Points (n, at most 128) of unit length: principal directions of the transformed features."""
    transform = FeatureTransform.of(features[sample])
    rows = transform.apply(features[sample])
    points = transform.project(features, _principal_directions(rows))
    points /= np.maximum(np.sqrt(np.einsum("ij,ij->i", points, points)), TINY)[:, None]
    return points


def _principal_directions(rows: FloatArray) -> FloatArray:
    """Directions (d, at most 128) of the largest energy, from the smaller of the two products of `rows` (n, d)."""
    n, d = rows.shape
    product = rows.T @ rows if n >= d else rows @ rows.T
    largest = [max(min(n, d) - GEOMETRY, 0), min(n, d) - 1]
    energies, vectors = scipy.linalg.eigh(product.astype(np.float64), subset_by_index=largest)
    if n < d:
        vectors = rows.T @ (vectors / np.sqrt(np.maximum(energies, TINY)))
    directions: FloatArray = vectors.astype(np.float32)
    return directions
