"""A class is added to what a network knows: once by a warm start, once by training anew on everything."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from model.arrays import BoolArray, IntArray
from model.networks.network import Network
from model.networks.registry import build
from model.training.fit import Trained, train
from model.training.options import TrainingOptions
from model.training.predict import logits
from model.training.splits import Split, split
from model.training.warm import warm_start
from scripts.benchmarks.errors import BenchmarkError
from scripts.comparison.images import LabelledImages, Pixels

NETWORK, SIDE = "efficientnet-lite0", 128
CLASSES, IMAGES = 12, 60
"""That are drawn of the data, the added class among them, and images of each."""
FRACTIONS = (0.3, 0.1, 0.6)
"""Many of them are tested on: a point is soon lost or won by chance."""
OPTIONS = TrainingOptions(epochs=9, unfrozen_blocks=9, batch_size=16, rate=3e-3)
"""What two cores get through while a person waits, with batches small enough to make many steps of few images."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Images of some classes; those of the class to be added come last.

    Attributes:
        images: uint8 (n, 3, s, s).
        labels: (n,) index into `classes`.
        classes: names.
        split: of the n rows.
    """

    images: Pixels
    labels: IntArray
    classes: tuple[str, ...]
    split: Split

    @property
    def is_added(self) -> BoolArray:
        """(n,) whether an image is of the added class."""
        found: BoolArray = self.labels == len(self.classes) - 1
        return found

    def before(self) -> "Drawn":
        """Without the added class; what is left has the rows and labels that it had."""
        count = int((~self.is_added).sum())
        parts = Split(*(rows[rows < count] for rows in vars(self.split).values()))
        return Drawn(self.images[:count], self.labels[:count], self.classes[:-1], parts)


def draw(data: LabelledImages, seed: int) -> Drawn:
    """Classes, images of each, and a split, all by the seed.

    Raises:
        BenchmarkError: too few classes have images enough.
    """
    rng = np.random.default_rng(seed)
    large = np.flatnonzero(np.bincount(data.targets) >= IMAGES)
    if len(large) < CLASSES:
        raise BenchmarkError(f"{data.name}: {len(large)} classes have {IMAGES} images. Give data with {CLASSES} such.")
    chosen = rng.choice(large, CLASSES, replace=False)
    rows = [rng.choice(np.flatnonzero(data.targets == number), IMAGES, replace=False) for number in chosen]
    labels = np.repeat(np.arange(CLASSES), IMAGES)
    return Drawn(
        images=data.images[np.concatenate(rows)],
        labels=labels,
        classes=tuple(data.classes[number] for number in chosen),
        split=split(labels, fractions=FRACTIONS, seed=seed),
    )


def measure(drawn: Drawn, seed: int) -> dict[str, Any]:
    """Train without the added class, which is not timed; then with it, in both ways.

    Returns:
        `added`, its name; `before`, accuracy on the other classes before; and of `anew` and `warm` each the `old` and
        `new` accuracy on test images of the other classes and of the added one, `seconds` and `epochs`.
    """
    options = replace(OPTIONS, seed=seed)
    old = drawn.before()
    network = train(_pretrained(old, seed), old.images, old.labels, old.split, options).network
    before = _right(network, old).mean()

    def anew() -> Trained:
        return train(_pretrained(drawn, seed), drawn.images, drawn.labels, drawn.split, options)

    def warm() -> Trained:
        start = warm_start(network, drawn.classes, drawn.labels, drawn.split, drawn.is_added, options)
        return train(start.network, drawn.images, drawn.labels, start.split, start.options)

    return {
        "added": drawn.classes[-1],
        "before": float(before),
        "anew": _measured(anew, drawn),
        "warm": _measured(warm, drawn),
    }


def _pretrained(drawn: Drawn, seed: int) -> Network:
    return build(NETWORK, drawn.classes, input_size=SIDE, seed=seed)


def _measured(training: Callable[[], Trained], drawn: Drawn) -> dict[str, float]:
    started = time.perf_counter()
    trained = training()
    seconds = time.perf_counter() - started
    right, is_added = _right(trained.network, drawn), drawn.is_added[drawn.split.test]
    return {
        "old": float(right[~is_added].mean()),
        "new": float(right[is_added].mean()),
        "seconds": seconds,
        "epochs": len(trained.history),
    }


def _right(network: Network, drawn: Drawn) -> BoolArray:
    """Whether the network is right on each test image."""
    rows = drawn.split.test
    found: BoolArray = logits(network, drawn.images[rows]).argmax(axis=1) == drawn.labels[rows]
    return found
