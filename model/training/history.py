"""What a training has been through, epoch by epoch."""

from dataclasses import dataclass


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
    phase: str
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    rate: float
    batch_size: int
    seconds: float
