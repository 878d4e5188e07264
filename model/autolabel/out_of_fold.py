"""Evidence from a project's own labels: each predicted by a head of the served kind that never saw it."""

import numpy as np
from scipy.sparse import csr_matrix

from model.arrays import BoolArray, FloatArray, IntArray
from model.autolabel.reliability import OutOfFoldPredictions
from model.head.distil import distilled_out_of_fold
from model.head.fitting import out_of_fold
from model.head.head import Head, softmax

FOLD_SEED = 0
"""Of the folds: equal labels give equal evidence."""


def gather(
    quick: Head, served: Head, features: FloatArray, labels: IntArray, at_random: BoolArray, edges: csr_matrix | None
) -> OutOfFoldPredictions:
    """Predict all labels out of fold, in five folds: some ten seconds where the served head is the distilled one.

    Args:
        quick: the version's quick head; fitted on these labels.
        served: the head whose confidences are in question; its temperature is used.
        features: (n, d) of all images.
        labels: (n,) index into `quick.classes`, -1 where there is no label.
        at_random: (n,) True for counted labels of the holdout.
        edges: (n, n) of `model.graph.affinity` where the served head is the distilled one; None where it is the quick.

    Raises:
        InputError: shapes that contradict each other, or a value that is not finite.
    """
    known = labels >= 0
    if edges is None:
        logits = out_of_fold(features[known], labels[known], known[known], quick.transform, l2=quick.l2, seed=FOLD_SEED)
    else:
        logits = distilled_out_of_fold(quick, features, labels, known, edges, seed=FOLD_SEED)
    probabilities = softmax(logits / served.temperature)
    # A sum of rounded numbers may be a hair above one.
    return OutOfFoldPredictions(
        confidences=np.minimum(probabilities.max(axis=1), 1.0),
        right=probabilities.argmax(axis=1) == labels[known],
        at_random=at_random[known],
    )
