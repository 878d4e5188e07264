"""The command line of connect, as far as it needs no Label Studio, and how findings look."""

import pytest

from scripts.cli.connection.__main__ import main
from scripts.cli.connection.api import BackendAddress
from scripts.cli.connection.findings import error, ok, show


@pytest.mark.parametrize("option", ["--url", "--backend"])
def test_an_address_without_scheme_is_refused_with_the_address_to_write(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["connect", "--token", "t", "--project", "1", option, "localhost:9090"]) == 1
    assert f"{option} http://localhost:9090" in capsys.readouterr().out


def test_a_missing_token_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connect", "--token", "", "--project", "1"]) == 1
    assert "LABEL_STUDIO_API_KEY" in capsys.readouterr().out


def test_a_label_studio_that_does_not_answer_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connect", "--url", "http://127.0.0.1:9", "--token", "t", "--project", "1"]) == 1
    assert capsys.readouterr().out.count("\n") == 1


def test_a_finding_is_one_line_with_what_and_how_to_mend_it() -> None:
    assert show(error("It is off.", "Switch it on."), colours=False) == "error   It is off. → Switch it on."


def test_colours_are_written_to_a_terminal_only() -> None:
    assert "\033[" in show(ok("It is on."), colours=True)
    assert "\033[" not in show(ok("It is on."), colours=False)


def test_the_webhook_carries_the_secret_rather_than_basic_authentication() -> None:
    backend = BackendAddress("http://b:1/", ("user", "pass"), "secret")
    assert (backend.webhook_url, backend.webhook_headers) == ("http://b:1/webhook", {"X-Label-Loop-Secret": "secret"})


def test_the_webhook_carries_basic_authentication_where_there_is_no_secret() -> None:
    backend = BackendAddress("http://b:1", ("user", "pass"))
    assert backend.webhook_headers == {"Authorization": "Basic dXNlcjpwYXNz"}
