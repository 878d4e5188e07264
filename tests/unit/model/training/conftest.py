"""Images of three colours: what a network of a few weights learns in a few epochs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from model.arrays import IntArray
from model.training.splits import TrainingSplit, split
from tests.unit.model.networks.tiny import SIDE


@dataclass(frozen=True)
class Data:
    images: npt.NDArray[np.uint8]
    labels: IntArray
    split: TrainingSplit


@pytest.fixture
def data() -> Data:
    labels = np.arange(90) % 3
    images = np.random.default_rng(0).integers(0, 120, (90, 3, SIDE, SIDE), dtype=np.uint8)
    images[np.arange(90), labels] += 100
    return Data(images, labels, split(labels))
