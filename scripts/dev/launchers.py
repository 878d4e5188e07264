"""The launchers in `scripts/`, and the commands that they start."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from scripts.cli.options import CHECKOUT

LAUNCH = re.compile(r'^launch ([\w.]+)(?: (\w+))? "\$@"$', re.MULTILINE)
PACKAGES = ("scripts.cli", "scripts.demo_app", "scripts.lab", "scripts.dev")
"""In the order of the reference: for teams, for a first look, for comparisons, for ourselves."""


@dataclass(frozen=True)
class Launcher:
    """A file in `scripts/` that starts a command.

    Attributes:
        name: of the file.
        package: whose `app` has the command.
        command: as typer runs it.
    """

    name: str
    package: str
    command: TyperCommand

    @property
    def path(self) -> str:
        """How it is called from the checkout."""
        return f"./scripts/{self.name}"


def launchers() -> list[Launcher]:
    """Every launcher of a typer command, by package, then by name."""
    return sorted(_found(), key=lambda launcher: (PACKAGES.index(launcher.package), launcher.name))


def _found() -> Iterator[Launcher]:
    for file in (CHECKOUT / "scripts").iterdir():
        if file.is_file() and not file.suffix and (launch := LAUNCH.search(file.read_text())):
            package, name = launch.groups()
            command = get_command(import_module(f"{package}.app").app)
            if isinstance(command, TyperGroup):
                command = command.commands[name]
            assert isinstance(command, TyperCommand)  # noqa: S101 - tells mypy what typer makes of a function
            yield Launcher(file.name, package, command)
