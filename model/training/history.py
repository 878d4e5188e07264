"""What a training has been through, epoch by epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Epoch:
    """One pass through the training images.

    Attributes:
        number: from 1.
        phase: `head` or `body`.
        train_loss: mean over the epoch's images as they were augmented and resampled.
        train_accuracy: likewise, in [0, 1].
        validation_loss: mean cross-entropy on the validation images as they are.
        validation_accuracy: in [0, 1].
        rate: the head's learning rate at the epoch's end.
        batch_size: images in a step.
        seconds: of training and validation.
    """

    number: int
    phase: Literal["head", "body"]
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    rate: float
    batch_size: int
    seconds: float


def best_of(history: Sequence[Epoch]) -> Epoch:
    """The epoch of the least validation loss, of equal ones the first; at least one is needed."""
    return min(history, key=lambda epoch: epoch.validation_loss)


def is_over(history: Sequence[Epoch], epochs: int, patience: int) -> bool:
    """Whether a training has had all its epochs, or too many in a row without a better validation loss.

    Epochs before the body's phase don't count as waited: there the head may well be at its best.

    Args:
        history: of the epochs so far.
        epochs: at most.
        patience: see `model.training.options.TrainingOptions`.
    """
    if len(history) >= epochs:
        return True
    in_body = sum(epoch.phase == "body" for epoch in history)
    since_best = len(history) - best_of(history).number if history else 0
    return min(in_body, since_best) >= patience
