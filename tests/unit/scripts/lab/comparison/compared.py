"""Small images to compare models on, and the command in this very process."""

from pathlib import Path

import numpy as np

from model.arrays import FloatArray, IntArray
from model.training.history import Epoch
from model.training.splits import TrainingSplit
from scripts.cli.commands import run
from scripts.lab.app import app
from scripts.lab.comparison.figures import ModelFigures
from scripts.lab.comparison.outcome import ModelOutcome
from tests.support.pictures import picture

CLASSES = ("circle", "hexagon", "square")


def write_pictures(folder: Path, each: int = 12, classes: tuple[str, ...] = CLASSES, below: str = "") -> Path:
    """So many pictures of each class, in a folder per class."""
    for number, name in enumerate(classes):
        place = folder / below / name
        place.mkdir(parents=True)
        for seed in range(each):
            (place / f"{seed:03}.png").write_bytes(picture(number, seed))
    return folder


def arguments(folder: Path, data: Path) -> list[str]:
    """Of a comparison that takes a moment, everything in one folder."""
    small = ["--models", "cnn-small", "--epochs", "2", "--resolution", "32"]
    return [str(data), *small, "--cache", str(folder / "cache"), "--out", str(folder / "out")]


def compare(folder: Path, data: Path, *options: str) -> int:
    """The command, in this very process."""
    return run(app, "lab", ["compare", *arguments(folder, data), *options])


def split_of(n: int) -> TrainingSplit:
    """The first half trains, the next quarter validates, the last tests."""
    train, validation, test = np.split(np.arange(n), [n // 2, 3 * n // 4])
    return TrainingSplit(train, validation, test)


def outcome(logits: FloatArray, model: str = "cnn-small", epochs: int = 2) -> ModelOutcome:
    """A model that was trained and gave these logits."""
    history = tuple(Epoch(number, "body", 2.0, 0.3, 1.5, 0.4, 1e-3, 8, 1.0) for number in range(1, epochs + 1))
    return ModelOutcome(model, logits, history, epochs or None, {"seed": 0}, 1234, 0.5, 12.0, 99.0, "CPU")


def noisy(targets: IntArray, classes: int, scale: float, seed: int = 0) -> FloatArray:
    """Logits (n, k) float32 that favour the label, more so with a larger scale, and are too sure of themselves."""
    logits = np.random.default_rng(seed).normal(size=(len(targets), classes))
    logits[np.arange(len(targets)), targets] += scale
    return (5 * logits).astype(np.float32)


def figures(
    logits: FloatArray, targets: IntArray, model: str = "cnn-small", classes: tuple[str, ...] = CLASSES
) -> ModelFigures:
    """Of a model, on the split of `split_of`."""
    return ModelFigures.of(outcome(logits, model), targets, classes, split_of(len(targets)))
