"""The options of demo."""

import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scripts.cli.commands import UsageError
from scripts.cli.options import CHECKOUT, Seed


class TaskOrder(StrEnum):
    """Which task Label Studio hands out next."""

    LOOP = "loop"
    RANDOM = "random"


def finite(value: float) -> float:
    """Check a time.

    Raises:
        typer.BadParameter: it never ends.
    """
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a time of 0 s or more")
    return value


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What the demo shows, and where it keeps it.

    Raises:
        UsageError: an option is given without the simulated annotator that it is for.
    """

    home: Annotated[Path, typer.Option(metavar="DIR", help="Folder for everything.")] = CHECKOUT / ".demo"
    reset: Annotated[bool, typer.Option("--reset", help="Begin anew: delete what the demo made in its folder.")] = False
    data: Annotated[
        str,
        typer.Option(
            metavar="DATA",
            help="digits (no download), a torchvision data set (caltech101, cifar10, …), or a folder per class or its "
            "tar.",
        ),
    ] = "digits"
    limit: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Use at most so many images, of each class its share."),
    ] = None
    auto: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="A simulated annotator makes N annotations; exit code 0 if the loop ran."
        ),
    ] = None
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="With --auto: write a JSON report.")] = None
    pace: Annotated[
        float,
        typer.Option(min=0.0, metavar="SECONDS", callback=finite, help="With --auto: least seconds that a task takes."),
    ] = 1.0
    order: Annotated[TaskOrder, typer.Option(help="The loop's order of the tasks, or a random one for comparison.")] = (
        TaskOrder.LOOP
    )
    finetune: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="With --auto: a training worker fine-tunes the backbone after N annotations."
        ),
    ] = None
    seed: Seed = 0

    def __post_init__(self) -> None:
        if self.report is not None and self.auto is None:
            raise UsageError("--report needs --auto N: only the simulated annotator makes a report.")
        if self.finetune is not None and (self.auto is None or self.finetune > self.auto):
            raise UsageError(
                "--finetune N needs --auto M, with M at least N: it is the simulated annotator who asks for it."
            )
