"""The commands of the lab as one application."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest
import typer

from scripts.cli.commands import new_app, run, takes_options
from scripts.lab.several import TakesSeveral

CHECKOUT = Path(__file__).parents[4]
COMMANDS = ("simulate", "compare", "tune", "trust", "benchmark", "reproduce")
HEAVY = {"torch", "numpy", "sklearn", "optuna", "matplotlib", "sqlalchemy", "requests", "PIL", "rich"}


@dataclass(frozen=True, kw_only=True)
class Options:
    """Of a command that takes several values."""

    only: Annotated[list[str], typer.Option()] = field(default_factory=lambda: ["a"])
    sizes: Annotated[list[int], typer.Option()] = field(default_factory=list)
    quick: Annotated[bool, typer.Option("--quick")] = False


@pytest.fixture
def given() -> Callable[..., Options]:
    """Reads a command line."""

    def read(*words: str) -> Options:
        read: list[Options] = []

        @takes_options
        def measure(options: Options) -> None:
            read.append(options)

        app = new_app("Measure.")
        app.command("measure", cls=TakesSeveral)(measure)
        assert run(app, "measure", words) == 0
        return read[0]

    return read


def test_an_option_takes_several_values_in_a_row(given: Callable[..., Options]) -> None:
    assert given("--only", "b", "c", "--quick", "--sizes", "1", "2") == Options(
        only=["b", "c"], sizes=[1, 2], quick=True
    )


def test_an_option_may_be_repeated(given: Callable[..., Options]) -> None:
    assert given("--only=b", "c", "--only", "d").only == ["b", "c", "d"]


def test_what_is_not_given_has_its_default(given: Callable[..., Options]) -> None:
    assert given() == Options()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_loads_nothing_that_takes_time(command: str) -> None:
    code = (
        "import sys; from scripts.lab.app import app; from scripts.cli.commands import run; "
        f"run(app, 'lab', ['{command}', '--help']); print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert "--out" in ended.stdout
    assert HEAVY & set(ended.stderr.split()) == set()
