"""The options of finetune."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from scripts.cli.commands import UsageError
from scripts.cli.options import BACKEND_URL, Backend, Project, Resolution


@dataclass(frozen=True, kw_only=True)
class FinetuneOptions:
    """What to train, or what to do with what is being trained.

    Raises:
        UsageError: two of the options exclude each other.
    """

    project: Project
    backend: Backend = BACKEND_URL
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Network and settings: best.json of ./scripts/tune.")
    ] = None
    network: Annotated[
        str, typer.Option(metavar="NAME", help="Another network than the backend's BACKBONE, such as resnet50.")
    ] = ""
    epochs: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many, in all.")] = None
    blocks: Annotated[
        int | None, typer.Option(metavar="N", help="Blocks that are trained, from the top.", show_default="all")
    ] = None
    resolution: Resolution = None
    augment: Annotated[
        Literal["none", "flip", "light", "strong", "randaugment"] | None,
        typer.Option(help="How training images are varied.", show_default="flip"),
    ] = None
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin with pretrained weights, not with the last fine-tuned ones.")
    ] = False
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Ask for it and leave.")] = False
    status: Annotated[bool, typer.Option("--status", help="Only say how far it is.")] = False
    cancel: Annotated[bool, typer.Option("--cancel", help="End the one that is under way.")] = False
    undo: Annotated[bool, typer.Option("--undo", help="Go back to the backbone used before.")] = False

    def __post_init__(self) -> None:
        if self.status + self.cancel + self.undo > 1:
            raise UsageError("Only one of --status, --cancel and --undo is allowed.")
