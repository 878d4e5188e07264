"""The gate before a fine-tuned backbone is adopted: paired with the one in use, on labels that neither learned from."""

from collections.abc import Mapping

import numpy as np

from backend.store.dataset import Dataset
from model.arrays import BoolArray, FloatArray, IntArray
from model.head.fitting import out_of_fold
from model.head.head import FeatureTransform
from model.insight.promotion import better_or_stay
from model.insight.results import PromotionVerdict

LARGE_HOLDOUT = 100
"""Counted holdout labels from which the holdout judges alone: a gain of five points is then probably seen."""


def run(data: Dataset, challenger: Mapping[int, FloatArray], validation: BoolArray, seed: int) -> PromotionVerdict:
    """Fit the loop's head to the features of both, and compare what they predict out of fold.

    Args:
        data: with the features of the backbone in use.
        challenger: (d,) the new backbone's feature by task, of labelled tasks.
        validation: (n,) labelled tasks outside the holdout that no backbone learned from: they judge together with
            the holdout where it is small.
        seed: of the folds.

    Returns:
        Blocked, unless the new backbone wins more labels than it loses.
    """
    rows = np.flatnonzero(data.labelled & np.isin(data.task_ids, list(challenger)))
    judging = data.counted if data.counted[rows].sum() >= LARGE_HOLDOUT else data.counted | validation
    judging, targets = judging[rows], data.targets[rows]
    if not judging.any():
        return better_or_stay(np.zeros(0, dtype=bool), np.zeros(0, dtype=bool))
    new = np.stack([challenger[task] for task in data.task_ids[rows].tolist()])
    return better_or_stay(_right(data.features[rows], targets, judging, seed), _right(new, targets, judging, seed))


def _right(features: FloatArray, targets: IntArray, judging: BoolArray, seed: int) -> BoolArray:
    """(judging labels,) whether a head that never saw the label predicts it."""
    logits = out_of_fold(features, targets, judging, FeatureTransform.of(features), seed=seed)
    right: BoolArray = np.unique(targets)[logits.argmax(axis=1)] == targets[judging]
    return right
