"""Which strategy a project ranks with, and when it changes."""

import numpy as np

from model.rank.pool import Pool

LEAST, MOST, A_CLASS = 10, 100, 5
"""Labels of the cold start: five for each class of the label config, within these bounds."""

LATE = 100
"""Labels a class from which on margin, the cheapest, is as good as any other: then the features are the limit."""


def choose(pool: Pool) -> tuple[str, str]:
    """Name of the strategy to rank with, and why in a few words.

    The rule looks at the labels alone, so that it can't swing to and fro, and each step is reached by labelling on:

    1. herding, while fewer than two classes have a label, or fewer labels than `coldstart_labels`;
    2. uncertainty herding, while there are fewer than 100 labels for each class of the label config;
    3. margin.

    docs/simulation.md has the figures behind it.
    """
    labels, seen = len(pool.labelled), len(np.unique(pool.labels[pool.labelled]))
    wanted, late = coldstart_labels(pool.classes), LATE * pool.classes
    if pool.head is None:
        return "herding", f"{labels} labels, {seen} of {pool.classes} classes seen: no head yet"
    if labels < wanted:
        return "herding", f"cold start, {labels} of {wanted} labels"
    progress = f"{labels} labels, {seen} of {pool.classes} classes seen"
    return ("margin", f"late, {progress}") if labels >= late else ("uncertainty_herding", progress)


def coldstart_labels(classes: int) -> int:
    """Labels that are taken in the cold start's order.

    Args:
        classes: of the label config, >= 1.

    Returns:
        In [10, 100].
    """
    return min(MOST, max(LEAST, A_CLASS * classes))
