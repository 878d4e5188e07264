"""The options of document and completion."""

from dataclasses import dataclass
from typing import Annotated, Literal

import typer


@dataclass(frozen=True, kw_only=True)
class Document:
    """What to do with the generated files."""

    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if one is out of date.")] = False


@dataclass(frozen=True, kw_only=True)
class Completion:
    """For which shell."""

    shell: Annotated[Literal["bash", "zsh"], typer.Argument(metavar="SHELL", help="bash or zsh.")]
