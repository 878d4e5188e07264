"""The options of trust."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scripts.cli.options import Jobs, Report, Seed, cores, existing_path


class KindName(StrEnum):
    """A kind of promise: the name of the module in this package that checks it."""

    INSIGHT = "insight"
    AUTOLABEL = "autolabel"


@dataclass(frozen=True, kw_only=True)
class TrustOptions:
    """Which promises are checked, and on how many projects."""

    projects: Annotated[int, typer.Option(min=1, metavar="N", help="Projects that are simulated for each kind.")] = 200
    only: Annotated[list[KindName], typer.Option(help="Kinds of promises, several in a row.", show_default="all")] = (
        field(default_factory=lambda: list(KindName))
    )
    features: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=existing_path,
            help="An .npz of X and y: features and classes of real images.",
            show_default="drawn images",
        ),
    ] = None
    seed: Seed = 0
    jobs: Jobs = field(default_factory=cores)
    out: Report = None

    @property
    def chosen(self) -> tuple[KindName, ...]:
        """Kinds to check, each once, in their own order."""
        return tuple(name for name in KindName if name in self.only)
