"""Against imbalance: which training rows an epoch sees, and how much each class counts.

Only training rows are ever resampled: the split is made before.
"""

import numpy as np

from model.arrays import FloatArray, IntArray
from model.training.options import Resampling


def epoch_rows(rows: IntArray, labels: IntArray, resampling: Resampling, rng: np.random.Generator) -> IntArray:
    """Training rows of one epoch, shuffled.

    `oversample` repeats rows until each class has as many as the largest, `undersample` takes as many of each as the
    smallest has, `class_balanced` draws as many as there are with each class as probable; the others take each once.

    Args:
        rows: (n,) of the training side.
        labels: class of every row of the data.
        resampling: see `model.training.options.TrainingOptions`.
        rng: another for each epoch.

    Returns:
        Some of the rows, some of them several times.
    """
    of_class = [rows[labels[rows] == each] for each in np.unique(labels[rows])]
    sizes = [len(each) for each in of_class]
    if resampling == "oversample":
        rows = np.concatenate([_repeated(each, max(sizes), rng) for each in of_class])
    elif resampling == "undersample":
        rows = np.concatenate([rng.choice(each, min(sizes), replace=False) for each in of_class])
    elif resampling == "class_balanced":
        drawn = np.bincount(rng.integers(len(of_class), size=len(rows)), minlength=len(of_class))
        rows = np.concatenate([rng.choice(each, count) for each, count in zip(of_class, drawn, strict=True)])
    shuffled: IntArray = rng.permutation(rows)
    return shuffled


def class_weights(labels: IntArray, classes: int) -> FloatArray:
    """Weight of each class in the loss, so that each counts the same; the mean over the rows is 1.

    Args:
        labels: (n,) of the training rows, n >= 1.
        classes: k.

    Returns:
        (k,) float32, 0 for a class without rows.
    """
    counts = np.bincount(labels, minlength=classes)
    present = np.count_nonzero(counts)
    weights: FloatArray = np.where(counts > 0, len(labels) / (present * np.maximum(counts, 1)), 0).astype(np.float32)
    return weights


def log_priors(labels: IntArray, classes: int) -> FloatArray:
    """What logit adjustment adds to the logits while training: the logarithm of each class's share.

    Args:
        labels: (n,) of the training rows, n >= 1.
        classes: k.

    Returns:
        (k,) float32; a class without rows counts as having one.

    Source: Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, section 4.2, with tau 1.
    """
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)
    priors: FloatArray = np.log(counts / counts.sum()).astype(np.float32)
    return priors


def _repeated(rows: IntArray, count: int, rng: np.random.Generator) -> IntArray:
    """All rows as often as it goes, and a random few of them once more."""
    whole, rest = divmod(count, len(rows))
    return np.concatenate([np.tile(rows, whole), rng.choice(rows, rest, replace=False)])
