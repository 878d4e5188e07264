"""Make the served head of the quick one, along the neighbour graph."""

import numpy as np

from backend.store.dataset import Dataset
from model.arrays import FloatArray, IntArray
from model.graph import affinity
from model.head.distil import distil, distilled_out_of_fold
from model.head.head import Head


def run(dataset: Dataset, quick: Head, nearest: IntArray, seed: int) -> tuple[Head, FloatArray]:
    """Distil the quick head.

    Args:
        dataset: the project as it is.
        quick: fitted on the dataset's labels.
        nearest: (n, c) of `model.graph.neighbours`, of the dataset's images.
        seed: of the images taken, and of the folds.

    Returns:
        The head, uncalibrated, and the logits of heads made likewise on the holdout's counted labels, each out of fold:
        (counted labels, classes of the head), by ascending task.
    """
    column = np.full(len(dataset.classes) + 1, -1)
    for index, name in enumerate(quick.classes):
        column[dataset.classes.index(name)] = index
    labels = column[dataset.targets]
    edges = affinity(nearest)
    served = distil(quick, dataset.features, labels, edges, seed=seed)
    logits = distilled_out_of_fold(quick, dataset.features, labels, dataset.counted, edges, seed=seed)
    return served, logits
