"""CoreSet: nothing in the pool shall be far from a label."""

import numpy as np

from model.arrays import FloatArray, IntArray
from model.rank.pool import Pool
from model.rank.selection import likest, sample
from model.threads import one_blas_thread

MOST_CANDIDATES = 20_000
"""Random images that may be chosen, and must be near a chosen one: each choice looks at all of them."""


def coreset(pool: Pool, count: int) -> IntArray:
    """CoreSet by k-centre greedy: the image farthest from all that are labelled or chosen, again and again.

    Without labels the first is drawn. Needs no head. O((l + count) · c · m) time for c candidates, 20,000 at most, and
    l labels; O(c (m + 512)) memory, 50 MB.

    Source: Sener, Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set Approach", ICLR 2018,
    arXiv:1708.00489, algorithm 1.
    """
    rng = pool.rng()
    candidates = sample(pool.candidates, MOST_CANDIDATES, rng)
    points, labelled = pool.points[candidates], pool.points[pool.labelled]
    likeness = likest(points, labelled)
    if len(points) and not len(labelled):
        likeness[rng.integers(len(points))] = -np.inf
    # One thread: products of a matrix and a row wait for memory, and several threads for each other besides.
    with one_blas_thread():
        return candidates[_farthest_first(points, likeness, count)]


def _farthest_first(points: FloatArray, likeness: FloatArray, count: int) -> IntArray:
    """Places in the order of choice; `likeness` is to what was chosen before, and brought up to date."""
    chosen = np.empty(min(count, len(points)), dtype=np.int64)
    for step in range(len(chosen)):
        chosen[step] = likeness.argmin()
        np.maximum(likeness, points @ points[chosen[step]], out=likeness)
        likeness[chosen[step]] = np.inf
    return chosen
