"""BADGE: images whose gradients on the head are long, and point in different directions."""

import numpy as np

from model.arrays import BoolArray, FloatArray, IntArray
from model.rank.pool import Pool
from model.rank.selection import sample
from model.threads import one_blas_thread

MOST_CANDIDATES = 10_000
"""Random images that may be chosen: each choice looks at all of them."""


def badge(pool: Pool, count: int) -> IntArray:
    """BADGE: k-means++ sampling of gradient embeddings, (p - y) ⊗ x with y the class that the head thinks likeliest.

    The embeddings, k · m numbers each, are never formed: the dot product of two is that of their (p - y) times that of
    their x. O(count · c (k + m)) time for c candidates, 10,000 at most; O(c (k + m)) memory, 10 MB.

    Source: Ash, Zhang, Krishnamurthy, Langford, Agarwal, "Deep Batch Active Learning by Diverse, Uncertain Gradient
    Lower Bounds", ICLR 2020, arXiv:1906.03671.
    """
    rng = pool.rng()
    probabilities = pool.probabilities
    candidates = sample(pool.candidates, MOST_CANDIDATES, rng)
    errors = probabilities[candidates]
    errors[np.arange(len(errors)), errors.argmax(axis=1)] -= 1
    points = pool.points[candidates]
    # One thread: products of a matrix and a row wait for memory, and several threads for each other besides.
    with one_blas_thread():
        return candidates[spread(errors, points, count, rng)]


def spread(errors: FloatArray, points: FloatArray, count: int, rng: np.random.Generator) -> IntArray:
    """Choose among the outer products of `errors` and `points`, as k-means++ does its first centres.

    The first is the longest; each further one is drawn with a probability in proportion to its squared distance to the
    nearest chosen before. Where all distances are 0 the first that is left is taken.

    Args:
        errors: (c, k), finite.
        points: (c, m), finite.
        count: c of them where there are fewer.
        rng: of all draws.

    Returns:
        (min(count, c),) places, in the order of choice.
    """
    lengths = np.einsum("ij,ij->i", errors, errors) * np.einsum("ij,ij->i", points, points)
    left = np.ones(len(errors), dtype=bool)
    distances = np.full(len(errors), np.inf)
    chosen = np.empty(min(count, len(errors)), dtype=np.int64)
    for step in range(len(chosen)):
        place = _draw(distances, left, rng) if step else int(lengths.argmax())
        chosen[step], left[place] = place, False
        products = (errors @ errors[place]) * (points @ points[place])
        np.minimum(distances, np.maximum(lengths + lengths[place] - 2 * products, 0), out=distances)
        distances[place] = 0
    return chosen


def _draw(weights: FloatArray, left: BoolArray, rng: np.random.Generator) -> int:
    """A place drawn in proportion to the weights, which are 0 where nothing is left; without any, the first left."""
    sums = weights.cumsum()
    if not sums[-1] > 0:
        return int(left.argmax())
    place = int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))
    # Rounding can put the number drawn on the sum of all.
    return min(place, int(np.flatnonzero(weights)[-1]))
