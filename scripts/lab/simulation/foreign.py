"""Another model that predicts for the project already, as a zero-shot classifier would: right on a given share."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from backend.store.dataset import ForeignOpinions
from model.arrays import FloatArray, IntArray
from model.head.fitting import fit
from model.head.head import FeatureTransform, Head
from scripts.lab.simulation.errors import SimulationError
from scripts.lab.simulation.splits import Split

STEP = 1.25
"""By how much the labels grow that the model is trained on, until it is right often enough."""


@dataclass(frozen=True, eq=False)
class ForeignModel:
    """A head trained on labels of its own, whose errors are those of a real model: systematic, and where it is unsure.

    Attributes:
        head: that predicts.
        targets: (n,) int64, its class for each image of the pool.
        confidences: (n,) in [0, 1].
        learned: task ids that it was trained on, which nobody is asked for.
    """

    head: Head
    targets: IntArray
    confidences: FloatArray
    learned: frozenset[int]

    @property
    def opinions(self) -> ForeignOpinions:
        """What it predicts, as the loop reads it."""
        return ForeignOpinions(self.targets, self.confidences, "simulated")


@lru_cache(maxsize=4)
def foreign_model(split: Split, accuracy: float, seed: int) -> ForeignModel:
    """A model that is right on at least this share of the pool's images that it was not trained on.

    Raises:
        SimulationError: no such model can be had with half of the pool.
    """
    order = np.random.default_rng((seed, split.number, 17)).permutation(len(split.targets))
    transform = FeatureTransform.of(split.features)
    count = 2.0 * len(split.classes) ** 0.5
    while count < len(order) / 2:
        rows, count = order[: int(count)], count * STEP
        if len(np.unique(split.targets[rows])) < 2:
            continue
        head = fit(split.features[rows], split.targets[rows], split.classes, transform)
        probabilities = head.probabilities(split.features)
        targets = classes_of(head, split)[probabilities.argmax(axis=1)]
        others = np.setdiff1d(order, rows)
        if (targets[others] == split.targets[others]).mean() >= accuracy:
            learned = frozenset((rows + 1).tolist())
            return ForeignModel(head, targets, probabilities.max(axis=1).astype(np.float64), learned)
    raise SimulationError(f"No model of {accuracy:.0%} can be made of half of the images: give --foreign less.")


def classes_of(head: Head, split: Split) -> IntArray:
    """(k,) index into the split's classes of each of a head's."""
    places = {name: place for place, name in enumerate(split.classes)}
    return np.array([places[name] for name in head.classes], dtype=np.int64)
