"""Which strategy a project ranks with, and when it changes."""

import numpy as np

from model.rank.pool import Pool

LEAST, MOST = 10, 100
"""Bounds of the cold start's labels."""


def choose(pool: Pool) -> tuple[str, str]:
    """Name of the strategy to rank with, and why in a few words."""
    labels = len(pool.labelled)
    if pool.head is None:
        return "herding", "fewer than two classes have a label"
    wanted = coldstart_labels(pool.classes)
    if labels < wanted:
        return "herding", f"cold start: {labels} of {wanted} labels"
    return "uncertainty_herding", f"{labels} labels, {len(np.unique(pool.labels[pool.labelled]))} classes seen"


def coldstart_labels(classes_in_config: int) -> int:
    """Labels taken in the cold start's order.

    Returns:
        In [10, 100].
    """
    return min(MOST, max(LEAST, 5 * classes_in_config))
