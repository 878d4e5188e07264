"""The options of document, completion and test."""

from dataclasses import dataclass, field
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


@dataclass(frozen=True, kw_only=True)
class Test:
    """Which tests."""

    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Only unit and contract tests that need neither Label Studio nor Chromium, and are not slow.",
        ),
    ] = False
    arguments: Annotated[
        list[str],
        typer.Argument(metavar="PYTEST", help="For pytest, such as tests/unit -k margin; without the checks."),
    ] = field(default_factory=list)
