"""The command line of connect, as far as it needs no Label Studio, and how findings look."""

from io import StringIO

import pytest
from rich.console import Console

from scripts.cli.app import app
from scripts.cli.commands import run
from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.findings import Finding, error, ok, show


def connect(*given: str) -> int:
    """Run the command; returns its exit code."""
    return run(app, "label-loop", ["connect", *given])


@pytest.mark.parametrize("option", ["--url", "--backend"])
def test_an_address_without_scheme_is_refused_with_the_address_to_write(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert connect("--token", "t", "--project", "1", option, "localhost:9090") == 2
    assert f"'{option}': localhost:9090 is not a web address; write it as http://" in capsys.readouterr().err


def test_a_missing_token_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert connect("--token", "", "--project", "1") == 2
    assert "LABEL_STUDIO_API_KEY" in capsys.readouterr().err


def test_a_label_studio_that_does_not_answer_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert connect("--url", "http://127.0.0.1:9", "--token", "t", "--project", "1") == 1
    assert capsys.readouterr().out.count("\n") == 1


def shown(finding: Finding, *, terminal: bool) -> str:
    """What a console writes, whatever the shell says of colours."""
    written = StringIO()
    console = Console(file=written, force_terminal=terminal, width=20, _environ={"TERM": "xterm"})
    show([finding], console)
    return written.getvalue()


def test_a_finding_is_one_line_with_what_and_how_to_mend_it() -> None:
    assert shown(error("It is off.", "Switch it on."), terminal=False) == "error   It is off. → Switch it on.\n"


def test_colours_are_written_to_a_terminal_only() -> None:
    assert "\033[" in shown(ok("It is on."), terminal=True)
    assert "\033[" not in shown(ok("It is on."), terminal=False)


def test_the_webhook_carries_the_secret_rather_than_basic_authentication() -> None:
    backend = BackendAddress("http://b:1/", ("user", "pass"), "secret")
    assert (backend.webhook_url, backend.webhook_headers) == ("http://b:1/webhook", {"X-Label-Loop-Secret": "secret"})


def test_the_webhook_carries_basic_authentication_where_there_is_no_secret() -> None:
    backend = BackendAddress("http://b:1", ("user", "pass"))
    assert backend.webhook_headers == {"Authorization": "Basic dXNlcjpwYXNz"}
