"""The models that are compared: what a name means, and how each is trained."""

from dataclasses import asdict, dataclass

import torch

from model.networks.network import Network
from model.networks.registry import build
from model.training.options import Augmentation, Resampling, TrainingOptions
from scripts.lab.comparison.defaults import CPU, GPU, HEAD_RATE, SCRATCH_RATE

FROZEN = "frozen:"


@dataclass(frozen=True)
class Protocol:
    """How models are trained, whichever they are.

    Attributes:
        epochs: of each; None for what goes with the device.
        augment: of training images.
        resample: against classes of unequal size.
        resolution: side in pixels; None for each network's own.
        seed: of split and training.
        weights: `pretrained`, `none`, or a file.
    """

    epochs: int | None
    augment: Augmentation
    resample: Resampling
    resolution: int | None
    seed: int
    weights: str


@dataclass(frozen=True)
class Contender:
    """A model to be compared.

    Attributes:
        model: as the person named it.
        protocol: how it is trained.
    """

    model: str
    protocol: Protocol

    @property
    def frozen(self) -> bool:
        """Whether the network stays as it is, and our head is fitted to its features."""
        return self.model.startswith(FROZEN)

    def build(self, classes: tuple[str, ...]) -> Network:
        """The network, untrained but for its pretrained weights.

        Raises:
            InputError: no such network, or a size that it can't take.
            WeightsError: its weights can't be had.
        """
        name = self.model.removeprefix(FROZEN)
        protocol = self.protocol
        return build(name, classes, weights=protocol.weights, input_size=protocol.resolution, seed=protocol.seed)

    def options(self, network: Network) -> TrainingOptions:
        """How the network is trained on this machine."""
        course = GPU if torch.cuda.is_available() else CPU
        epochs = self.protocol.epochs or (course.pretrained if network.pretrained else course.scratch)
        return TrainingOptions(
            epochs=epochs,
            head_epochs=min(course.head, epochs - 1) if network.pretrained else 0,
            unfrozen_blocks=course.unfrozen_blocks if network.pretrained else None,
            batch_size=course.batch_size,
            rate=HEAD_RATE if network.pretrained else SCRATCH_RATE,
            # A network without pretrained weights makes its first steps in the dark: no early stop there.
            patience=5 if network.pretrained else epochs,
            augmentation=self.protocol.augment,
            resampling=self.protocol.resample,
            seed=self.protocol.seed,
        )

    def settings(self, network: Network) -> dict[str, object]:
        """What decides the result, besides the data and the weights."""
        size: dict[str, object] = {"input_size": network.input_size, "seed": self.protocol.seed}
        return size if self.frozen else asdict(self.options(network)) | size
