"""The options of reproduce."""

from dataclasses import dataclass, field
from typing import Annotated

import typer

from scripts.cli.options import CHECKOUT, Cache, Out


@dataclass(frozen=True, kw_only=True)
class ReproductionOptions:
    """What is run, and on which data."""

    reduced: Annotated[
        bool, typer.Option("--reduced", help="Few images and epochs, for a CPU: 20 minutes on two cores.")
    ] = False
    data: Annotated[
        list[str],
        typer.Option(
            metavar="PATH",
            help="Caltech-101, CIFAR-10 or CIFAR-100, each a folder per class or a tar of one; several in a row.",
            show_default="torchvision's downloads",
        ),
    ] = field(default_factory=list)
    cache: Cache = CHECKOUT / ".cache" / "compare"
    out: Out = CHECKOUT / "reproduction"
