"""Judge and calibrate a head by labels that no strategy chose: the holdout's, each predicted out of fold."""

from dataclasses import dataclass, replace

import numpy as np

from backend.store.dataset import Dataset
from model.arrays import BoolArray, FloatArray
from model.head.calibrate import temperature_from_holdout
from model.head.evaluation import Evaluation, evaluate
from model.head.fitting import out_of_fold
from model.head.head import Head, softmax


@dataclass(frozen=True, eq=False)
class Evaluated:
    """A head with its temperature, and how it did on the holdout.

    Attributes:
        head: calibrated, where the holdout has labels enough.
        evaluation: None while no holdout label counts.
        predicted: class by task, of the counted holdout labels, predicted out of fold.
        right: (counted labels,) whether that is the label, by ascending task.
    """

    head: Head
    evaluation: Evaluation | None
    predicted: dict[int, str]
    right: BoolArray


def run(dataset: Dataset, head: Head, seed: int) -> Evaluated:
    """Predict each counted holdout label by a head that never saw it; fit the temperature, and measure."""
    rows = dataset.labelled
    holdout = dataset.counted[rows]
    if not holdout.any():
        return judge(dataset, head, np.zeros((0, len(head.classes))))
    logits = out_of_fold(dataset.features[rows], dataset.targets[rows], holdout, head.transform, l2=head.l2, seed=seed)
    return judge(dataset, head, logits)


def judge(dataset: Dataset, head: Head, logits: FloatArray) -> Evaluated:
    """Fit the temperature on out-of-fold logits of the counted holdout labels, and measure.

    Args:
        dataset: the project as it is.
        head: that made them, not calibrated yet.
        logits: (counted labels, classes of the head), by ascending task; before any temperature.
    """
    if not len(logits):
        return Evaluated(head, None, {}, np.zeros(0, dtype=bool))
    column = {name: index for index, name in enumerate(head.classes)}
    answers = np.array([column[dataset.classes[target]] for target in dataset.targets[dataset.counted]], dtype=np.int64)
    calibrated = replace(head, temperature=temperature_from_holdout(logits, answers))
    predicted = logits.argmax(axis=1)
    return Evaluated(
        head=calibrated,
        evaluation=evaluate(softmax(logits / calibrated.temperature), answers, head.classes),
        predicted={
            task: head.classes[best]
            for task, best in zip(dataset.task_ids[dataset.counted].tolist(), predicted, strict=True)
        },
        right=predicted == answers,
    )
