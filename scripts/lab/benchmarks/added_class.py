"""A class is added to what a network knows: once by a warm start, once by training anew on everything."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from model.arrays import BoolArray
from model.networks.network import Network
from model.networks.registry import build
from model.training.fit import TrainingResult, train
from model.training.options import TrainingOptions
from model.training.predict import logits
from model.training.splits import TrainingSplit
from model.training.warm import warm_start
from scripts.lab.benchmarks.drawing import DrawnPhotos, PhotoSample

NETWORK, SIDE = "efficientnet-lite0", 128
SAMPLE = PhotoSample(classes=12, images=60, fractions=(0.3, 0.1, 0.6))
"""The class that is drawn last is the added one. Many images are tested on: a point is soon lost or won by chance."""
OPTIONS = TrainingOptions(epochs=9, unfrozen_blocks=9, batch_size=16, rate=3e-3)
"""What two cores get through while a person waits, with batches small enough to make many steps of few images."""


def is_added(drawn: DrawnPhotos) -> BoolArray:
    """(n,) whether an image is of the added class."""
    found: BoolArray = drawn.labels == len(drawn.classes) - 1
    return found


def before(drawn: DrawnPhotos) -> DrawnPhotos:
    """Without the added class; what is left has the rows and labels that it had."""
    count = int((~is_added(drawn)).sum())
    parts = TrainingSplit(*(rows[rows < count] for rows in vars(drawn.split).values()))
    return DrawnPhotos(drawn.images[:count], drawn.labels[:count], drawn.classes[:-1], parts)


def measure(drawn: DrawnPhotos, seed: int) -> dict[str, Any]:
    """Train without the added class, which is not timed; then with it, in both ways.

    Returns:
        `added`, its name; `before`, accuracy on the other classes before; and of `anew` and `warm` each the `old` and
        `new` accuracy on test images of the other classes and of the added one, `seconds` and `epochs`.
    """
    options = replace(OPTIONS, seed=seed)
    old = before(drawn)
    network = train(_pretrained(old, seed), old.images, old.labels, old.split, options).network
    old_right = _right(network, old).mean()

    def anew() -> TrainingResult:
        return train(_pretrained(drawn, seed), drawn.images, drawn.labels, drawn.split, options)

    def warm() -> TrainingResult:
        start = warm_start(network, drawn.classes, drawn.labels, drawn.split, is_added(drawn), options)
        return train(start.network, drawn.images, drawn.labels, start.split, start.options)

    return {
        "added": drawn.classes[-1],
        "before": float(old_right),
        "anew": _measured(anew, drawn),
        "warm": _measured(warm, drawn),
    }


def _pretrained(drawn: DrawnPhotos, seed: int) -> Network:
    return build(NETWORK, drawn.classes, input_size=SIDE, seed=seed)


def _measured(training: Callable[[], TrainingResult], drawn: DrawnPhotos) -> dict[str, float]:
    started = time.perf_counter()
    trained = training()
    seconds = time.perf_counter() - started
    right, added = _right(trained.network, drawn), is_added(drawn)[drawn.split.test]
    return {
        "old": float(right[~added].mean()),
        "new": float(right[added].mean()),
        "seconds": seconds,
        "epochs": len(trained.history),
    }


def _right(network: Network, drawn: DrawnPhotos) -> BoolArray:
    """Whether the network is right on each test image."""
    rows = drawn.split.test
    found: BoolArray = logits(network, drawn.images[rows]).argmax(axis=1) == drawn.labels[rows]
    return found
