"""Small labelled data to simulate on, and the command in this very process."""

from pathlib import Path
from typing import Any

import numpy as np

from scripts.cli.commands import run
from scripts.lab.app import app
from scripts.lab.simulation.labelled import LabelledData
from scripts.lab.simulation.replay import RunOptions
from scripts.lab.simulation.splits import Split, SplitOptions, draw
from tests.unit.model.samples import clouds


def write_npz(path: Path, images: int = 90, **more: Any) -> Path:
    """An archive of three classes as clouds; `more` replaces or adds arrays, None leaves one out."""
    features, labels = clouds(images, 3)
    arrays = {"X": features, "y": labels} | more
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def data_of(images: int = 90, classes: int = 3, spread: float = 0.3) -> LabelledData:
    """Classes as clouds."""
    features, labels = clouds(images, classes, spread=spread)
    return LabelledData.of("clouds", features, labels, tuple("abcdefgh"[:classes]))


def split_of(images: int = 90, classes: int = 3, number: int = 0) -> Split:
    """A split of clouds, a fifth of them to test on."""
    return draw(data_of(images, classes), number, SplitOptions(0.2, None))


def run_options(strategy: str = "margin", **more: Any) -> RunOptions:
    """Options of a run that takes a moment."""
    given = {"split": 0, "seed": 0, "batch": 10, "budget": 30, "random_arm": 0.0, "evaluate_every": 10, "stop_at": None}
    return RunOptions(strategy, **(given | more))


def arguments(folder: Path, data: Path) -> list[str]:
    """Of a small simulation, one run at a time, everything in one folder."""
    small = ["--batch", "10", "--budget", "20", "--splits", "0", "--jobs", "1"]
    return [str(data), *small, "--cache", str(folder / "cache"), "--out", str(folder / "out")]


def simulate(folder: Path, data: Path, *options: str) -> int:
    """The command, in this very process."""
    return run(app, "lab", ["simulate", *arguments(folder, data), *options])
