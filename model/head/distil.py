"""The served head: the quick head and the labels, spread over the neighbour graph and learned by a head again.

What the labels say of an image's neighbours reaches the head so: with few labels it is right more often, and less sure
where it is wrong.
"""

import numpy as np
from scipy.sparse import csr_matrix

from model.arrays import BoolArray, FloatArray, IntArray
from model.errors import InputError
from model.graph import spread
from model.head.fitting import fit, fit_soft, folds_of, lower_absent
from model.head.head import Head, softmax
from model.threads import for_each, one_blas_thread

BELIEF = 0.1
"""Weight of the quick head's probabilities beside a label's 1."""

SHARPENING = 2.5
"""Power that spread values are taken to before they are targets: spreading flattens them."""

MOST_ROWS = 8_000
"""Random images that the head learns from."""

L2 = 3e-4


def distil(head: Head, features: FloatArray, labels: IntArray, edges: csr_matrix, *, seed: int) -> Head:
    """Refit a head on what it and the labels say along the graph.

    Args:
        head: the quick head.
        features: (n, d) of all images, any floating dtype.
        labels: (n,) index into `head.classes`, -1 where there is no label.
        edges: (n, n), see `model.graph.affinity`.
        seed: of the images taken where there are more than 8,000.

    Returns:
        A head of the same classes and transform, temperature 1.

    Raises:
        InputError: shapes that contradict each other, or a value that is not finite.

    Source: the spreading is Zhou et al., "Learning with Local and Global Consistency", NIPS 2003; refitting on the
    outcome is that of Iscen et al., "Label Propagation for Deep Semi-supervised Learning", CVPR 2019, section 4, with
    soft targets.
    """
    if edges.shape != (len(features), len(features)) or labels.shape != (len(features),):
        raise InputError(f"{len(features)} features don't go with a graph of {edges.shape} and {labels.shape} labels.")
    seeds = softmax(head.logits(features)) * np.float32(BELIEF)
    known = np.flatnonzero(labels >= 0)
    seeds[known] = 0
    seeds[known, labels[known]] = 1
    targets = spread(edges, seeds)
    rows: IntArray = np.arange(len(features))
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(len(rows), MOST_ROWS, replace=False))
    targets = np.power(targets[rows], SHARPENING)
    targets /= targets.sum(axis=1, keepdims=True)
    return fit_soft(features[rows], targets, head, l2=L2)


def distilled_out_of_fold(
    head: Head, features: FloatArray, labels: IntArray, holdout: BoolArray, edges: csr_matrix, *, seed: int
) -> FloatArray:
    """Logits of the holdout's labelled images, each from a distilled head that never saw that image's label.

    Args:
        head: the quick head of all labels; its classes, transform and l2 are used.
        features: (n, d) of all images.
        labels: (n,) index into `head.classes`, -1 where there is no label.
        holdout: (n,) True for the counted labels of the holdout.
        edges: (n, n), see `model.graph.affinity`.
        seed: of the folds and of the distillation.

    Returns:
        (rows in the holdout, classes of the head) float64, in ascending row order. A class that a fold's training lacks
        lies 5 below the row's least logit.

    Raises:
        InputError: as `distil`, or a holdout image without a label.
    """
    if (labels[holdout] < 0).any():
        raise InputError("An image of the holdout that has no label can't be counted.")
    rows = np.flatnonzero(holdout)
    logits = np.zeros((len(rows), len(head.classes)))
    fold_of = folds_of(labels[rows], seed)

    def predict_fold(fold: int) -> None:
        held = rows[fold_of == fold]
        training = labels.copy()
        training[held] = -1
        known = np.flatnonzero(training >= 0)
        present = np.unique(training[known])
        if len(present) < 2:
            return
        quick = fit(features[known], training[known], head.classes, head.transform, l2=head.l2)
        to_column = np.full(len(head.classes) + 1, -1)
        to_column[present] = np.arange(len(present))
        served = distil(quick, features, to_column[training], edges, seed=seed)
        columns = [head.classes.index(name) for name in served.classes]
        of_fold = np.zeros((len(held), len(head.classes)))
        of_fold[:, columns] = served.logits(features[held])
        logits[fold_of == fold] = lower_absent(of_fold, np.setdiff1d(np.arange(len(head.classes)), columns))

    # Outside the threads too: the first of them to end would give the others' BLAS its threads back.
    with one_blas_thread():
        for_each(predict_fold, np.unique(fold_of))
    return logits
