"""The phases of a training: what learns when."""

from dataclasses import dataclass
from typing import Literal

from model.networks.network import Network
from model.training.options import TrainingOptions


@dataclass(frozen=True)
class TrainingPhase:
    """Epochs in which the same layers learn.

    Attributes:
        name: `head`, or `body` (with the head).
        before: epochs before it.
        epochs: at most, from 1.
    """

    name: Literal["head", "body"]
    before: int
    epochs: int


def phase_of(network: Network, options: TrainingOptions, epoch: int) -> TrainingPhase:
    """The phase of an epoch, counted from 1. Without pretrained weights there is but one: a head on noise learns none.

    Args:
        network: the one to train.
        options: how.
        epoch: in 1..options.epochs.
    """
    head_epochs = min(options.head_epochs, options.epochs) if network.pretrained else 0
    if epoch <= head_epochs:
        return TrainingPhase("head", 0, head_epochs)
    return TrainingPhase("body", head_epochs, options.epochs - head_epochs)
