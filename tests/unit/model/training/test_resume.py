"""A killed training goes on after its last whole epoch, and ends as if nothing had happened."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import get_args

import pytest
import torch

from model.errors import CancelledError, InputError, ModelError
from model.networks.network import Network
from model.networks.registry import build
from model.training.fit import train
from model.training.history import Epoch
from model.training.options import Optimiser, TrainingOptions
from tests.unit.model.training.conftest import Data

# In the process that is killed, too: sums of several threads differ in their last bits.
torch.set_num_threads(1)

# Everything that is random, and a schedule and an optimiser that depend on what was before.
OPTIONS = TrainingOptions(
    epochs=4, head_epochs=0, batch_size=16, rate=0.01, augmentation="light", mixup=0.2, dropout=0.2, schedule="plateau"
)


def network() -> Network:
    return build("cnn-small:4-4-4:3-3-3", 3, input_size=8)


def train_until_epoch_three(data: Data, options: TrainingOptions, folder: Path, interrupt: Callable[[], bool]) -> None:
    """Ask whether to interrupt in the middle of the third epoch only."""
    done: list[Epoch] = []
    batches = count()
    train(
        network(), data.images, data.labels, data.split, options,
        folder=folder, progress=lambda epoch, _: done.append(epoch),
        cancelled=lambda: len(done) == 2 and next(batches) == 2 and interrupt(),
    )  # fmt: skip


def die() -> bool:
    """Kill the own process: no handler runs, nothing is flushed."""
    os.kill(os.getpid(), signal.SIGKILL)
    return True


def go_on_and_compare(data: Data, options: TrainingOptions, folder: Path) -> None:
    """Finish an interrupted training; it must be the same as one that wasn't."""
    told: list[int] = []
    resumed = train(
        network(), data.images, data.labels, data.split, options,
        folder=folder, progress=lambda epoch, _: told.append(epoch.number),
    )  # fmt: skip
    whole = train(network(), data.images, data.labels, data.split, options)
    assert told == [3, 4]
    assert [epoch.number for epoch in resumed.history] == [1, 2, 3, 4]
    losses = [epoch.train_loss for epoch in whole.history]
    assert [epoch.train_loss for epoch in resumed.history] == pytest.approx(losses, rel=1e-5)
    torch.testing.assert_close(resumed.network.state_dict(), whole.network.state_dict(), rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.faults
def test_a_killed_training_repeats_no_epoch_and_ends_the_same(data: Data, tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=train_until_epoch_three, args=(data, OPTIONS, tmp_path / "mine", die)
    )
    process.start()
    process.join(240)
    assert process.exitcode == -signal.SIGKILL
    go_on_and_compare(data, OPTIONS, tmp_path / "mine")


@pytest.mark.parametrize("optimiser", get_args(Optimiser))
def test_what_an_optimiser_remembers_outlives_an_interruption(data: Data, tmp_path: Path, optimiser: Optimiser) -> None:
    options = replace(OPTIONS, optimiser=optimiser)
    with pytest.raises(CancelledError, match="epoch 3"):
        train_until_epoch_three(data, options, tmp_path / "mine", lambda: True)
    go_on_and_compare(data, options, tmp_path / "mine")


@pytest.fixture
def checkpoint(data: Data, tmp_path: Path) -> Path:
    """Of a training that was cancelled after its first epoch."""
    done: list[Epoch] = []
    with pytest.raises(CancelledError):
        train(
            network(), data.images, data.labels, data.split, OPTIONS,
            folder=tmp_path / "mine", progress=lambda epoch, _: done.append(epoch), cancelled=lambda: bool(done),
        )  # fmt: skip
    return tmp_path / "mine.checkpoint.safetensors"


def test_a_checkpoint_of_another_training_is_refused(data: Data, checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="of another training"):
        other = replace(OPTIONS, rate=0.5)
        train(network(), data.images, data.labels, data.split, other, folder=tmp_path / "mine")


def test_a_broken_checkpoint_is_named(data: Data, checkpoint: Path, tmp_path: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    with pytest.raises(ModelError, match=r"mine\.checkpoint\.safetensors"):
        train(network(), data.images, data.labels, data.split, OPTIONS, folder=tmp_path / "mine")
