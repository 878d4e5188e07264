"""The options of connect and disconnect."""

from dataclasses import dataclass
from typing import Annotated

import typer

from scripts.cli.options import BACKEND_URL, Backend, LabelStudioUrl, Project, Token


@dataclass(frozen=True, kw_only=True)
class Disconnect:
    """What to take apart."""

    project: Project
    url: LabelStudioUrl = None
    token: Token = None
    backend: Backend = BACKEND_URL


@dataclass(frozen=True, kw_only=True)
class Connect(Disconnect):
    """What to attach or check."""

    check: Annotated[bool, typer.Option("--check", help="Change nothing, only say what is wrong.")] = False
