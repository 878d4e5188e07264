"""Train a network: first its head, then its body from the top."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from model.arrays import IntArray
from model.networks.network import Network
from model.training.batches import Images
from model.training.history import Epoch
from model.training.options import TrainingOptions
from model.training.splits import Split

Progress = Callable[[Epoch, float], None]
"""Called after each epoch with it and the seconds that remain, should the training run through all its epochs."""


@dataclass(frozen=True, eq=False)
class Trained:
    """The result of a training.

    Attributes:
        network: the one that was given, with the weights of the best epoch, in evaluation mode on the CPU.
        history: every epoch, in order.
        best_epoch: number of the one with the least validation loss.
        seconds: of all epochs, those before an interruption included.
    """

    network: Network
    history: tuple[Epoch, ...]
    best_epoch: int
    seconds: float


def train(
    network: Network,
    images: Images,
    labels: IntArray,
    split: Split,
    options: TrainingOptions,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Trained:
    """Train on a CUDA device where there is one, else on the CPU.

    Args:
        network: trained in place.
        images: uint8 (n, 3, s, s), R, G, B: a tensor, an array, a memmap, or any sequence of such rows. A side other
            than the resolution is resized, a batch at a time.
        labels: int64 (n,) in [0, classes).
        split: rows of `images` to train on and to validate on.
        options: how.
        folder: where the result goes, see `model.networks.saved`; made by this call. Beside it is a checkpoint while
            the training runs: killed, the same call goes on after its last whole epoch.
        progress: called after each epoch.
        cancelled: asked before each batch; where it says True the training ends with a `CancelledError`.

    Raises:
        InputError: data that don't fit together, a side without images, or a folder of another training.
        CancelledError: `cancelled` said so. The checkpoint stays.
        TrainingError: a loss that is not finite, or memory too small for a single image.
    """
    raise NotImplementedError
