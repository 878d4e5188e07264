"""What several strategies choose with."""

import numpy as np

from model.arrays import FloatArray, IntArray


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
