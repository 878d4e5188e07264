"""A search that takes a moment: few small images, networks of a few filters, and the command in this very process."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import optuna
from optuna.trial import FrozenTrial

from backend import settings
from model.networks import scratch
from model.training.fit import TrainingResult, train
from model.training.history import Epoch
from scripts.cli.commands import run
from scripts.lab.app import app
from scripts.lab.comparison.images import LabelledImages
from scripts.lab.tuning import liveness, plots, space, trials
from scripts.lab.tuning.bench import Bench
from scripts.lab.tuning.space import Space
from scripts.lab.tuning.start import Start

MODEL = "cnn-small:2-2-2:3-3-3"
CLASSES = ("a", "b", "c")
LAYERS = {name: (2, 4) if name.startswith("filters") else (3, 5) for name in space.LAYERS}
SIDE = 32
EPOCHS = 2
CUT_OFF_AT = 4
"""Number, from 1, of the trial that is killed after its first epoch."""


def arguments(folder: Path, data: Path) -> list[str]:
    """Of a search that takes a moment, everything in one folder."""
    small = ["--model", MODEL, "--epochs", str(EPOCHS), "--repeats", "1"]
    return [str(data), *small, "--cache", str(folder / "cache"), "--out", str(folder / "out")]


@contextmanager
def at_once() -> Iterator[None]:
    """Networks of a few filters on small images, charts of a few pixels, no patience with the dead, and no MLflow."""
    with (
        mock.patch.object(space, "LAYERS", LAYERS),
        mock.patch.object(scratch, "CNN_SIDE", SIDE),
        mock.patch.object(liveness, "PATIENCE_SECONDS", 0.2),
        mock.patch.object(plots, "DPI", 30),
        mock.patch.dict(os.environ, {"TRACKING": "false"}),
    ):
        settings.load.cache_clear()
        yield
    settings.load.cache_clear()


def tune(folder: Path, data: Path, *options: str) -> int:
    """The command, in this very process."""
    with at_once():
        return run(app, "lab", ["tune", *arguments(folder, data), *options])


def tune_until_killed(given: Sequence[str]) -> None:
    """The command, which kills itself by SIGKILL in the middle of a trial."""
    trainings = 0

    def killing(*of: Any, progress: Any, **more: Any) -> TrainingResult:
        nonlocal trainings
        trainings += 1

        def fatal(epoch: Epoch, seconds: float) -> None:
            progress(epoch, seconds)
            if (trainings, epoch.number) == (CUT_OFF_AT, 1):
                os.kill(os.getpid(), signal.SIGKILL)

        return train(*of, progress=fatal, **more)

    with mock.patch.object(trials, "train", killing):
        tune(Path(given[0]), Path(given[1]), *given[2:])


def trials_in(folder: Path, study: str = MODEL) -> list[FrozenTrial]:
    """All trials that the command keeps there."""
    storage = f"sqlite:///{folder / 'out' / 'study.sqlite3'}"
    return optuna.load_study(study_name=study, storage=storage).get_trials()


def bench(n: int = 30) -> Bench:
    """Small images of three colours."""
    targets = np.arange(n) % 3
    images = np.random.default_rng(0).integers(0, 120, (n, 3, 8, 8), dtype=np.uint8)
    images[np.arange(n), targets] += 100
    data = LabelledImages("colours", images, targets, CLASSES, None, "")
    with at_once():
        return Bench(data, Space.of(Start.of(MODEL, EPOCHS, 0)))


if __name__ == "__main__":
    tune_until_killed(sys.argv[1:])
