"""Whether another model's predictions are still better than our head, on the labels that there are."""

import numpy as np

from backend.store.dataset import Dataset
from model.arrays import BoolArray
from model.head.fitting import out_of_fold
from model.head.head import Head
from model.insight.promotion import SIGNIFICANCE, beats_foreign
from model.insight.results import PromotionVerdict


def run(data: Dataset, head: Head | None, before: PromotionVerdict | None, seed: int) -> PromotionVerdict | None:
    """Compare a head with the foreign predictions, each label predicted out of fold.

    Judged is on counted holdout labels, as all else is. Others would do both wrong: the images asked for are those that
    the foreign model is unsure of, and the least like those that the head has seen (on Caltech-101 it looked worse for
    300 labels after it had become better). Where no task is in the holdout, all that people labelled must do.

    Args:
        data: the project as it is.
        head: fitted on its labels; None before two classes have one.
        before: what the active version's head showed against these predictions, if it was compared: where it was the
            better one beyond chance, that is settled.
        seed: of the folds.

    Returns:
        `blocked` while the foreign predictions are used; None where there are none.
    """
    if data.foreign is None:
        return None
    if before is not None and not before.blocked and before.p < SIGNIFICANCE:
        return before
    nothing = np.zeros(0, dtype=bool)
    if head is None:
        return beats_foreign(nothing, nothing)
    rows = data.labelled
    judging = data.counted if data.in_holdout.any() else _by_people(data)
    judged = judging[rows] & (data.foreign.targets[rows] >= 0)
    targets = data.targets[rows]
    logits = out_of_fold(data.features[rows], targets, judged, head.transform, l2=head.l2, seed=seed)
    ours = np.unique(targets)[logits.argmax(axis=1)]
    return beats_foreign(data.foreign.targets[rows][judged] == targets[judged], ours == targets[judged])


def _by_people(data: Dataset) -> BoolArray:
    """(n,) tasks whose label no import gave."""
    imported = [task for task, label in data.labels.items() if label.imported]
    return data.labelled & ~np.isin(data.task_ids, imported)
