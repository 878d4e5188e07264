"""One training as Lightning sees it."""

import math
import time
from collections.abc import Callable

import numpy as np
import torch
from lightning.pytorch import LightningModule

from model.arrays import IntArray
from model.errors import CancelledError, TrainingError
from model.networks.network import Network
from model.training.augment import augmentation
from model.training.batches import Batch, Batches, Images, resized
from model.training.checkpoint import TrainingState, copied, memory_of, remember
from model.training.freezing import groups, prepare
from model.training.history import Epoch, best_of, is_over
from model.training.losses import RunningMeans, TrainingLoss
from model.training.mixing import mixing
from model.training.optimisers import optimiser
from model.training.options import TrainingOptions
from model.training.phases import TrainingPhase, phase_of
from model.training.sampling import epoch_rows
from model.training.schedules import factor
from model.training.splits import TrainingSplit


class TrainingModule(LightningModule):
    """Trains a network from a state on, and hands over the state after each epoch.

    All that is random comes from the seed and the epoch's number, so that a training which was interrupted goes on as
    if it hadn't been.
    """

    def __init__(
        self,
        network: Network,
        data: tuple[Images, IntArray, TrainingSplit],
        options: TrainingOptions,
        state: TrainingState,
        finish_epoch: Callable[[TrainingState], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """Put the state's weights into the network.

        Args:
            network: trained in place.
            data: images, labels and split, as `model.training.fit.train` has them.
            options: how.
            state: to go on from.
            finish_epoch: given the new state after each epoch.
            cancelled: asked before each batch.
        """
        super().__init__()
        self._images, self._labels, self._split = data
        self._options = options
        self._state = state
        self._finish_epoch = finish_epoch
        self._cancelled = cancelled
        self.network = network
        network.load_state_dict(state.network)
        network.dropout.p = options.dropout
        self._logits = torch.compile(network.forward) if options.compile else network.forward
        self._augment = augmentation(options.augmentation)
        self._mix = mixing(options.mixup, options.cutmix, len(network.classes))
        self.training_loss = TrainingLoss(self._labels[self._split.train], len(network.classes), options)

    @property
    def epoch(self) -> int:
        """Number of the present epoch, from 1."""
        return len(self._state.history) + 1

    @property
    def phase(self) -> TrainingPhase:
        """The phase of the present epoch."""
        return phase_of(self.network, self._options, self.epoch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The optimiser, with what it remembered."""
        made = optimiser(groups(self.network, self._options), self._options)
        remember(made, self._state.optimiser)
        return made

    def train_dataloader(self) -> Batches:
        """The present epoch's training images."""
        rng = np.random.default_rng([self._options.seed, self.epoch])
        rows = epoch_rows(self._split.train, self._labels, self._options.resampling, rng)
        return Batches(self._images, self._labels, rows, self._state.batch_size)

    def val_dataloader(self) -> Batches:
        """The validation images."""
        return Batches(self._images, self._labels, self._split.validation, self._state.batch_size)

    def on_train_epoch_start(self) -> None:
        """Set up what the present epoch needs, from its number alone."""
        self._began = time.perf_counter()
        self._trained, self._validated = RunningMeans(), RunningMeans()
        torch.manual_seed(int(np.random.SeedSequence([self._options.seed, self.epoch]).generate_state(1)[0]))
        prepare(self.network, self._options, self.phase)

    def on_train_batch_start(self, _batch: Batch, batch_idx: int) -> None:
        """Stop where that is wanted; else set the rates of this step."""
        if self._cancelled():
            raise CancelledError(f"The training was cancelled in epoch {self.epoch}.")
        phase = self.phase
        losses = [epoch.validation_loss for epoch in self._state.history[phase.before :]]
        done = (self.epoch - 1 - phase.before + batch_idx / self.trainer.num_training_batches) / phase.epochs
        rate = self._options.rate * factor(self._options.schedule, done, losses)
        for group in self._optimiser.param_groups:
            group["lr"] = rate if phase.name == "head" else rate * group["share"]

    def training_step(self, batch: Batch) -> torch.Tensor:
        """The loss of a batch, augmented and mixed."""
        pixels, labels = batch
        images, targets = self._mix(self._input(self._augment(self._resized(pixels))), labels)
        logits = self._logits(images)
        loss: torch.Tensor = self.training_loss(logits, targets)
        self._trained.add(loss, logits, targets)
        return loss

    def validation_step(self, batch: Batch) -> None:
        """Count a batch of validation images as they are."""
        pixels, labels = batch
        logits = self._logits(self._input(self._resized(pixels)))
        self._validated.add(torch.nn.functional.cross_entropy(logits, labels), logits, labels)

    def on_train_epoch_end(self) -> None:
        """Hand over the state, and stop if the training is over."""
        epoch = Epoch(
            number=self.epoch,
            phase=self.phase.name,
            train_loss=self._trained.loss,
            train_accuracy=self._trained.accuracy,
            validation_loss=self._validated.loss,
            validation_accuracy=self._validated.accuracy,
            rate=self._optimiser.param_groups[0]["lr"],
            batch_size=self._state.batch_size,
            seconds=time.perf_counter() - self._began,
        )
        if not math.isfinite(epoch.train_loss + epoch.validation_loss):
            raise TrainingError(
                f"The loss of epoch {epoch.number} is not finite (training {epoch.train_loss}, validation "
                f"{epoch.validation_loss}). Train with a lower rate than {self._options.rate:g}."
            )
        history = (*self._state.history, epoch)
        weights = copied(self.network.state_dict())
        is_best = best_of(history) is epoch
        self._state = TrainingState(
            network=weights,
            best=copied(weights) if is_best else self._state.best,
            optimiser=memory_of(self._optimiser),
            history=history,
            batch_size=self._state.batch_size,
        )
        self._finish_epoch(self._state)
        self.trainer.should_stop = is_over(history, self._options.epochs, self._options.patience)

    @property
    def _optimiser(self) -> torch.optim.Optimizer:
        return self.trainer.optimizers[0]

    def _resized(self, pixels: torch.Tensor) -> torch.Tensor:
        return resized(pixels, self.network.input_size)

    def _input(self, pixels: torch.Tensor) -> torch.Tensor:
        images = self.network.normalise(pixels)
        return images.contiguous(memory_format=torch.channels_last) if images.is_cuda else images
