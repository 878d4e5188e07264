"""What several strategies choose with."""

import numpy as np

from model.arrays import FloatArray, IntArray

BLOCK = 512
"""Centres that all points are compared with at a time, so that memory stays flat."""


def lowest(values: FloatArray, count: int) -> IntArray:
    """Places of the `count` lowest values, lowest first; of equal ones the first.

    Args:
        values: (n,), finite.
        count: at least 0; n of them where there are fewer.

    Returns:
        (min(count, n),) places.
    """
    if count < len(values):
        # All that tie with the last one taken stay in, so that the sort decides between them by place.
        kept = np.flatnonzero(values <= np.partition(values, count)[count])
    else:
        kept = np.arange(len(values))
    order: IntArray = kept[np.argsort(values[kept], kind="stable")][:count]
    return order


def sample(rows: IntArray, most: int, rng: np.random.Generator) -> IntArray:
    """At most `most` random ones of ascending rows, ascending."""
    if len(rows) <= most:
        return rows
    return np.sort(rng.choice(rows, most, replace=False))


def likest(points: FloatArray, centres: FloatArray) -> FloatArray:
    """Likeness of each point to the centre that is most like it.

    Points of unit length are the farther apart the smaller their dot product.

    Args:
        points: (n, m) float32.
        centres: (c, m) float32.

    Returns:
        (n,) float32, the largest dot product; -1 without centres.
    """
    likeness = np.full(len(points), -1, dtype=np.float32)
    for start in range(0, len(centres), BLOCK):
        np.maximum(likeness, (points @ centres[start : start + BLOCK].T).max(axis=1), out=likeness)
    return likeness
