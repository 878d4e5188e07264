"""Judge and calibrate a head by labels that no strategy chose: the random arm's, each predicted out of fold."""

from dataclasses import dataclass, replace

import numpy as np

from backend.dataset import Dataset
from model.calibrate import temperature_from_arm
from model.fitting import out_of_fold
from model.head import Head, softmax
from model.metrics import Evaluation, evaluate


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The head with its temperature, and its evaluation: None while no arm label counts."""

    head: Head
    evaluation: Evaluation | None


def run(dataset: Dataset, head: Head, seed: int) -> Evaluated:
    """Predict each counted arm label by a head that never saw it; fit the temperature, and measure."""
    rows = dataset.labelled
    targets, arm = dataset.targets[rows], dataset.counted[rows]
    if not arm.any():
        return Evaluated(head, None)
    logits = out_of_fold(dataset.features[rows], targets, arm, head.transform, l2=head.l2, seed=seed)
    column = {name: index for index, name in enumerate(head.classes)}
    answers = np.array([column[dataset.classes[target]] for target in targets[arm]], dtype=np.int64)
    calibrated = replace(head, temperature=temperature_from_arm(logits, answers))
    probabilities = softmax(logits / calibrated.temperature)
    return Evaluated(calibrated, evaluate(probabilities, answers, head.classes))
