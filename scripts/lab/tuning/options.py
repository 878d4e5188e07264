"""The options of tune."""

from dataclasses import dataclass
from typing import Annotated

import typer

from scripts.cli.options import CHECKOUT, Cache, Data, Images, Out, Seed, Token
from scripts.lab.comparison.options import Epochs


@dataclass(frozen=True, kw_only=True)
class TuningOptions:
    """What is searched, and how long."""

    data: Data
    model: Annotated[str, typer.Option(metavar="NAME", help="Any network that ./scripts/compare trains: cnn-small, …")]
    trials: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="Trials of the study in all, those of earlier commands and other workers included."
        ),
    ] = 30
    epochs: Epochs = None
    images: Images = None
    repeats: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Trainings that judge the best setting, and the defaults, on the test images.",
        ),
    ] = 3
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="Processes that train at a time.")] = 1
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Database of the study: SQLAlchemy's address or redis://…",
            show_default="SQLite, in the folder of --out",
        ),
    ] = None
    study: Annotated[
        str | None, typer.Option(metavar="NAME", help="Its name in the storage.", show_default="the model's")
    ] = None
    seed: Seed = 0
    token: Token = None
    cache: Cache = CHECKOUT / ".cache" / "compare"
    out: Out = CHECKOUT / "tuning"
