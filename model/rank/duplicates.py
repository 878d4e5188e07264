"""Near-duplicates: of images that look the same, one is asked and the others wait."""

import numpy as np

from model.arrays import BoolArray, FloatArray
from model.rank.selection import likest

BLOCK = 256
"""Images compared with each other at a time."""


def near_duplicates(points: FloatArray, labelled: FloatArray, count: int, threshold: float) -> BoolArray:
    """Which images are near-duplicates of a labelled one, or of one before them that is none.

    Args:
        points: (n, m) of unit length, in the order in which the images are to be asked.
        labelled: (l, m), likewise, in any order.
        count: images to find that are none; what comes after them is not looked at.
        threshold: of two near-duplicates the dot product is above it; in (0, 1].

    Returns:
        (n,) True for near-duplicates. O(n (l + count) m) at most.
    """
    found = np.zeros(len(points), dtype=bool)
    first: list[int] = []
    for start in range(0, len(points), BLOCK):
        block = points[start : start + BLOCK]
        known = np.maximum(likest(block, labelled), likest(block, points[first])) > threshold
        among = block @ block.T > threshold
        for place in range(len(block)):
            if len(first) == count:
                return found
            if known[place]:
                found[start + place] = True
            else:
                first.append(start + place)
                known |= among[place]
    return found
