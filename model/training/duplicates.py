"""Groups of near-duplicates, so that a split can keep each on one side."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from model.arrays import FloatArray, IntArray

BLOCK = 1024
"""Images compared with the others at a time."""


def near_duplicate_groups(points: FloatArray, threshold: float) -> IntArray:
    """Group images that look the same, and those that look the same as one of a group.

    Args:
        points: (n, m) of unit length, see `model.geometry.points`.
        threshold: of two near-duplicates the dot product is above it; in (0, 1].

    Returns:
        (n,) group of each image, from 0; most images are a group by themselves. O(n² m).
    """
    edges: list[IntArray] = [np.empty((0, 2), dtype=np.int64)]
    for start in range(0, len(points), BLOCK):
        alike = points[start : start + BLOCK] @ points[start:].T > threshold
        edges.append(np.argwhere(alike) + start)
    first, second = np.concatenate(edges).T
    graph = coo_matrix((np.ones(len(first), dtype=bool), (first, second)), shape=(len(points), len(points)))
    groups: IntArray = connected_components(graph, directed=False)[1]
    return groups
