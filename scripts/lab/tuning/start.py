"""What a search starts from: the network and training that `./scripts/compare` has by default."""

from dataclasses import dataclass, replace
from typing import Self

from model.backbone.backbone import PRETRAINED
from model.errors import InputError
from model.networks.registry import build
from model.networks.weights import NONE
from model.training.recipe import Recipe
from scripts.lab.comparison.contenders import FROZEN, Contender, Protocol
from scripts.lab.comparison.models import CLASSES_TO_LOOK
from scripts.lab.tuning.errors import TuningError

SIDES = (0.5, 0.75)
"""Smaller resolutions to try, as shares of the network's own."""
PATCH = 16
"""Smaller resolutions are multiples of so many pixels, as most networks need it."""


@dataclass(frozen=True)
class Start:
    """The defaults of a network, and what its search space depends on.

    Attributes:
        recipe: the defaults, whole: the resolution is a number, and so are the unfrozen blocks of a pretrained network.
        pretrained: whether the network brings weights, so that its head is trained first, then blocks from the top.
        blocks: how many the network has.
        sides: resolutions that it can be built for, ascending; the last one is its own.
    """

    recipe: Recipe
    pretrained: bool
    blocks: int
    sides: tuple[int, ...]

    @classmethod
    def of(cls, model: str, epochs: int | None, seed: int) -> Self:
        """Look at a network.

        Args:
            model: a name of `model.networks.registry`.
            epochs: of each training; None for what goes with the device.
            seed: of the training.

        Raises:
            TuningError: there is no such network, or nothing of it can be trained.
            WeightsError: its weights can't be had.
        """
        if model.startswith(FROZEN):
            raise TuningError(f"{model} is not trained as a whole. Tune {model.removeprefix(FROZEN)} instead.")
        protocol = Protocol(
            epochs=epochs, augment="flip", resample="none", resolution=None, seed=seed, weights=PRETRAINED
        )
        contender = Contender(model, protocol)
        try:
            network = contender.build(CLASSES_TO_LOOK)
        except InputError as problem:
            raise TuningError(f"{model}: {problem}") from problem
        options = replace(contender.options(network), resolution=network.input_size)
        if network.pretrained and options.unfrozen_blocks is None:
            options = replace(options, unfrozen_blocks=len(network.blocks))
        return cls(
            recipe=Recipe(model, options),
            pretrained=network.pretrained,
            blocks=len(network.blocks),
            sides=(*_smaller(model, network.input_size), network.input_size),
        )


def _smaller(model: str, own: int) -> list[int]:
    sides = {PATCH * round(share * own / PATCH) for share in SIDES}
    return sorted(side for side in sides if 0 < side < own and _fits(model, side))


def _fits(model: str, side: int) -> bool:
    try:
        build(model, CLASSES_TO_LOOK, weights=NONE, input_size=side)
    except InputError:
        return False
    return True
