"""Train a network: first its head, then its body from the top."""

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from lightning.pytorch import Trainer

from model.arrays import IntArray
from model.checks import check_labels
from model.errors import InputError, TrainingError
from model.networks.network import Network
from model.training.batches import Images, check_images
from model.training.checkpoint import Tensors, TrainingState, copied
from model.training.folder import TrainingFolder, fingerprint
from model.training.history import Epoch, best_of, is_over
from model.training.machine import keep_freed_memory
from model.training.module import TrainingModule
from model.training.options import TrainingOptions
from model.training.splits import TrainingSplit

log = logging.getLogger(__name__)

Progress = Callable[[Epoch, float], None]
"""Called after each epoch with it and the seconds that remain, should the training run through all its epochs."""


@dataclass(frozen=True, eq=False)
class TrainingResult:
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


def train(  # noqa: PLR0913 - what is trained, on what, how; and three ways to follow it
    network: Network,
    images: Images,
    labels: IntArray,
    split: TrainingSplit,
    options: TrainingOptions,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> TrainingResult:
    """Train on a CUDA device where there is one, else on the CPU.

    Args:
        network: trained in place.
        images: uint8 (n, 3, s, s), R, G, B: a tensor, an array, a memmap, or any sequence of such rows. A side other
            than the network's input size is resized, a batch at a time.
        labels: int64 (n,) in [0, classes).
        split: rows of `images` to train on and to validate on.
        options: how.
        folder: where the result goes, see `model.networks.storage`; made by this call. Beside it is a checkpoint while
            the training runs: killed, the same call goes on after its last whole epoch.
        progress: called after each epoch.
        cancelled: asked before each batch; where it says True the training ends with a `CancelledError`.

    Raises:
        InputError: data that don't fit together, a side without images, or a folder of another training.
        CancelledError: `cancelled` said so. The checkpoint stays.
        TrainingError: a loss that is not finite, or memory too small for a single image.
    """
    _check(network, images, labels, split, options)
    kept = TrainingFolder(folder, fingerprint(network, labels, split, options))
    finished = kept.finished()
    if finished is not None:
        return _result(network, *finished)
    start = TrainingState(copied(network.state_dict()), {}, {}, (), options.batch_size)
    state = kept.state() or start

    def finish_epoch(after: TrainingState) -> None:
        nonlocal state
        state = after
        kept.keep(state)
        if progress is not None:
            last = state.history[-1]
            progress(last, last.seconds * (options.epochs - last.number))

    with torch.random.fork_rng():
        while not is_over(state.history, options.epochs, options.patience):
            module = TrainingModule(
                network, (images, labels, split), options, state, finish_epoch, cancelled or (lambda: False)
            )
            try:
                _fit(module, options, state)
            except torch.cuda.OutOfMemoryError as error:
                state = _with_half_the_batch(state, error)
    result = _result(network, state.best, state.history)
    kept.finish(network, options, state.history)
    return result


def _check(network: Network, images: Images, labels: IntArray, split: TrainingSplit, options: TrainingOptions) -> None:
    check_images(images)
    check_labels(labels, len(images), len(network.classes))
    for side, rows in (("train", split.train), ("validation", split.validation)):
        if not len(rows):
            raise InputError(f"The split has no images to {side} with: label more, or change its fractions.")
        if rows.min() < 0 or rows.max() >= len(images):
            raise InputError(f"The split's rows ({side}) must be in [0, {len(images)}), the images that there are.")
    if options.resolution not in (None, network.input_size):
        raise InputError(
            f"{network.name} is built for {network.input_size} pixels, but the resolution is {options.resolution}. "
            f"Build it with input_size={options.resolution}, or leave the resolution out."
        )


def _fit(module: TrainingModule, options: TrainingOptions, state: TrainingState) -> None:
    """Run the epochs that are left, on one device, in silence: what there is to say goes through `progress`."""
    on_cuda = torch.cuda.is_available()
    if on_cuda:
        module.network.to(memory_format=torch.channels_last)
    else:
        keep_freed_memory()
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Trainer(
            accelerator="cuda" if on_cuda else "cpu",
            devices=1,
            precision="bf16-mixed" if on_cuda else "32-true",
            max_epochs=options.epochs - len(state.history),
            # After the batch was halved, a step still learns from as many images.
            accumulate_grad_batches=max(options.batch_size // state.batch_size, 1),
            reload_dataloaders_every_n_epochs=1,
            num_sanity_val_steps=0,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        ).fit(module)


def _with_half_the_batch(state: TrainingState, error: torch.cuda.OutOfMemoryError) -> TrainingState:
    if state.batch_size == 1:
        raise TrainingError(
            "The memory is too small for a single image. Train with fewer unfrozen blocks, a lower resolution or a "
            "smaller network."
        ) from error
    half = state.batch_size // 2
    log.warning("Out of memory with %d images in a batch: going on with %d.", state.batch_size, half)
    return replace(state, batch_size=half)


def _result(network: Network, weights: Tensors, history: tuple[Epoch, ...]) -> TrainingResult:
    network.load_state_dict(weights)
    network.requires_grad_(True).to(memory_format=torch.contiguous_format).cpu().eval()
    return TrainingResult(network, history, best_of(history).number, sum(epoch.seconds for epoch in history))
