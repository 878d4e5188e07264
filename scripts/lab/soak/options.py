"""The options of soak."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from scripts.cli.options import CHECKOUT, Report
from scripts.lab.soak.kinds import FaultName


@dataclass(frozen=True, kw_only=True)
class SoakOptions:
    """How long, and what is broken."""

    minutes: Annotated[float, typer.Option(min=0.5, metavar="N", help="For how long people label.")] = 60.0
    out: Report = None
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table in Markdown.")] = None
    only: Annotated[
        list[FaultName],
        typer.Option("--fault", help="Faults to make, several in a row.", show_default="all"),
    ] = field(default_factory=lambda: list(FaultName))
    annotators: Annotated[int, typer.Option(min=1, metavar="N", help="People at work at once.")] = 4
    pace: Annotated[
        float, typer.Option(min=0.0, metavar="SECONDS", help="Least time that one of them takes for an image.")
    ] = 1.0
    seed: Annotated[int, typer.Option(metavar="N", help="Of everything random.")] = 0
    home: Annotated[Path, typer.Option(metavar="DIR", help="Folder for data, begun anew.")] = CHECKOUT / ".soak"
