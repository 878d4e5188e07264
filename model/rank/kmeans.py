"""K-means, as strategies use it: once, on few enough images to take a second."""

import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from model.arrays import FloatArray, IntArray

ITERATIONS = 20
"""Of Lloyd's: more move a handful of images."""


def kmeans(points: FloatArray, clusters: int, rng: np.random.Generator) -> FloatArray:
    """Find clusters.

    Args:
        points: (n, m), n >= 1, finite.
        clusters: >= 1; n where there are fewer points.
        rng: of all draws.

    Returns:
        (min(clusters, n), m) their centres. Where fewer points than clusters differ, some centres are equal.

    O(n · clusters · m) time, 8,000 points and 500 clusters take 1.3 s at m = 128.
    """
    means = KMeans(min(clusters, len(points)), n_init=1, max_iter=ITERATIONS, random_state=int(rng.integers(2**31)))
    # One thread: at these sizes more of them wait for each other, for ten seconds where another process has a core.
    with threadpool_limits(limits=1), warnings.catch_warnings():
        # Fewer different points than clusters, which is no trouble here.
        warnings.simplefilter("ignore", ConvergenceWarning)
        centres: FloatArray = means.fit(points).cluster_centers_
    return centres


def nearest(points: FloatArray, centres: FloatArray) -> IntArray:
    """(n,) the centre nearest to each point; of equally near ones the first, so equal centres share no points."""
    closeness = points @ centres.T
    closeness -= (centres**2).sum(axis=1) / 2
    places: IntArray = closeness.argmax(axis=1)
    return places
