"""The gate before publication: a version that is worse than the active one beyond chance is rejected."""

from collections.abc import Mapping, Sequence

import numpy as np

from backend.store.dataset import Dataset
from backend.store.records.version import RecordedSettings
from backend.store.versions import Version
from model.arrays import BoolArray
from model.insight.promotion import worse_beyond_chance
from model.insight.results import PromotionVerdict


def run(
    data: Dataset, predicted: Mapping[int, str], active: Version, settings: RecordedSettings
) -> PromotionVerdict | None:
    """Compare a new version with the active one on the holdout labels that both predicted out of fold, as labelled now.

    Args:
        data: the project as it is.
        predicted: the new version's out-of-fold classes by task, of counted holdout labels.
        active: the active version.
        settings: that the new version depends on.

    Returns:
        None where the two can't be compared: with other classes or features, a worse figure may be what was wanted.
    """
    earlier = active.record.settings
    if (settings.classes, settings.backbone) != (earlier.classes, earlier.backbone):
        return None
    before = dict(active.record.out_of_fold)
    both = sorted(before.keys() & predicted.keys())
    truth = [data.labels[task].choice for task in both]
    old, new = ([by_task[task] for task in both] for by_task in (before, predicted))
    return worse_beyond_chance(_same(old, truth), _same(new, truth))


def _same(answers: Sequence[str], truth: Sequence[str]) -> BoolArray:
    return np.array([answer == right for answer, right in zip(answers, truth, strict=True)], dtype=bool)
