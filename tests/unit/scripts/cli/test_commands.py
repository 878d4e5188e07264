"""How commands are declared and run, on one that is made for it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer

from scripts.cli.commands import LAUNCHER, CommandError, CommaSeparated, UsageError, new_app, run, takes_options
from scripts.cli.options import BACKEND_URL, CHECKOUT, Backend, Project

HEAVY = (
    "torch",
    "numpy",
    "sklearn",
    "requests",
    "httpx",
    "label_studio_sdk",
    "flask",
    "sqlalchemy",
    "pandas",
    "PIL",
    "rich",
)
"""What no help is to wait for, on a pipe: on a terminal, rich draws it."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Of the command."""

    project: Project
    backend: Backend = BACKEND_URL
    seeds: Annotated[tuple[int, ...], typer.Option(help="Some seeds."), CommaSeparated(int)] = (0, 1)

    def __post_init__(self) -> None:
        if self.project == 13:
            raise UsageError("There is no project 13.")


@takes_options
def measure(options: Options) -> int | None:
    """Measure something."""
    if options.project == 7:
        raise KeyboardInterrupt
    if options.project == 8:
        raise CommandError("The backend is tired.")
    sys.stdout.write(f"{options}\n")
    return 3 if options.project == 9 else None


app = new_app("An app.")
app.command("measure")(measure)
app.command("again")(measure)


@pytest.mark.parametrize(("project", "exit_code"), [("1", 0), ("7", 130), ("8", 1), ("9", 3), ("13", 2), ("x", 2)])
def test_every_end_has_its_exit_code(project: str, exit_code: int) -> None:
    assert run(app, "app", ["measure", "--project", project]) == exit_code


def test_what_goes_wrong_is_one_sentence_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    run(app, "app", ["measure", "--project", "8"])
    assert capsys.readouterr() == ("", "error: The backend is tired.\n")


def test_a_wrong_command_line_says_where_to_read_more(capsys: pytest.CaptureFixture[str]) -> None:
    run(app, "app", ["measure"])
    assert capsys.readouterr().err == "error: Missing option '--project'. See app measure --help.\n"


def test_nothing_on_the_command_line_asks_for_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "app", []) == 0
    told = capsys.readouterr()
    assert told.out.startswith("Usage: app [OPTIONS] COMMAND")
    assert told.err == ""


def test_options_reach_the_command_as_one_value(capsys: pytest.CaptureFixture[str]) -> None:
    run(app, "app", ["measure", "--project", "3", "--backend", "https://b", "--seeds", "4, 5,4"])
    assert capsys.readouterr().out == "Options(project=3, backend='https://b', seeds=(4, 5))\n"


def test_options_that_are_not_given_have_their_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    run(app, "app", ["measure", "--project", "3"])
    assert capsys.readouterr().out == f"{Options(project=3)}\n"


@pytest.mark.parametrize("seeds", ["", "1,", "a"])
def test_a_list_with_a_hole_or_another_kind_of_value_is_refused(seeds: str) -> None:
    assert run(app, "app", ["measure", "--project", "3", "--seeds", seeds]) == 2


def test_help_names_the_launcher_that_was_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(LAUNCHER, "./scripts/measure")
    assert run(app, "app", ["measure", "--help"]) == 0
    assert "Usage: ./scripts/measure [OPTIONS]" in capsys.readouterr().out
    assert LAUNCHER not in os.environ


@pytest.mark.parametrize("command", ["connect", "disconnect", "autolabel", "finetune"])
def test_help_loads_nothing_that_takes_time(command: str) -> None:
    code = (
        "import sys; from scripts.cli.app import app; from scripts.cli.commands import run; "
        f"run(app, 'label-loop', ['{command}', '--help']); print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert "--project" in ended.stdout
    assert [name for name in HEAVY if name in ended.stderr.split()] == []
