"""The options of compare, and those that other commands share with it."""

from dataclasses import dataclass
from typing import Annotated

import typer

from model.training.options import Augmentation, Resampling
from scripts.cli.commands import CommaSeparated, UsageError
from scripts.cli.options import CHECKOUT, Cache, Data, Images, Out, Resolution, Seed, Token
from scripts.lab.comparison.defaults import CPU, GPU

NAMED_WEIGHTS = ("pretrained", "none")

Epochs = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Epochs of each training.",
        show_default=f"pretrained {CPU.pretrained}, from scratch {CPU.scratch}; on a GPU {GPU.pretrained} and "
        f"{GPU.scratch}",
    ),
]


@dataclass(frozen=True, kw_only=True)
class ComparisonOptions:
    """What is compared, and how it is trained.

    Raises:
        UsageError: a file of weights is given for several models.
    """

    data: Data
    models: Annotated[
        tuple[str, ...],
        typer.Option(metavar="NAMES", help="Models, with commas; frozen:NAME fits our head to the network's features."),
        CommaSeparated(),
    ] = ("efficientnet-lite0", "alexnet-scratch", "cnn-small")
    images: Images = None
    epochs: Epochs = None
    augment: Annotated[Augmentation, typer.Option(help="How training images are varied.")] = "flip"
    resample: Annotated[Resampling, typer.Option(help="What is done for classes of unequal size.")] = "none"
    resolution: Resolution = None
    seed: Seed = 0
    weights: Annotated[
        str, typer.Option(metavar="WEIGHTS", help=f"{', '.join(NAMED_WEIGHTS)}, or a file, where one model is named.")
    ] = "pretrained"
    token: Token = None
    cache: Cache = CHECKOUT / ".cache" / "compare"
    out: Out = CHECKOUT / "comparison"

    def __post_init__(self) -> None:
        if self.weights not in NAMED_WEIGHTS and len(self.models) > 1:
            raise UsageError(f"The weights of {self.weights} are of one network: name it alone with --models.")
