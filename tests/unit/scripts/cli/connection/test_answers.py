"""Label Studio's recorded refusals, turned into lines that say what to do."""

import json
from pathlib import Path

import pytest

from scripts.cli.connection import answers
from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import ApiError, words
from scripts.cli.connection.findings import Level

PAYLOADS = Path(__file__).parents[4] / "contract" / "payloads" / "connect"
BACKEND = BackendAddress("http://localhost:9090")


def recorded(name: str) -> ApiError:
    payload = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    return ApiError(payload["status"], words(payload["body"], "no words"))


@pytest.mark.parametrize(
    ("name", "what", "mend"),
    [
        ("no-scheme", "does not allow the address", "http://host:port"),
        ("refused", "/health is refused", "host.docker.internal"),
        ("health-401", "refuses Label Studio's user and password", "BASIC_AUTH_USER"),
        ("setup-401", "refuses Label Studio's user and password", "BASIC_AUTH_USER"),
        ("setup-500", "its /setup fails: 500 Server Error", "backend's log"),
        ("unknown-host", "does not know the host", "reaches the backend"),
        ("private-address", "refuses private addresses", "ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false"),
        ("private-webhook", "refuses private addresses", "ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false"),
    ],
)
def test_a_refused_connection_says_why_and_how_to_mend_it(name: str, what: str, mend: str) -> None:
    finding = answers.of_connection(recorded(name), BACKEND)
    assert (finding.level, what in finding.what, mend in finding.mend) == (Level.ERROR, True, True), finding


def test_the_docker_hint_is_given_for_local_addresses_only() -> None:
    finding = answers.of_connection(recorded("refused"), BackendAddress("http://backend.example:9090"))
    assert "BASIC_AUTH_USER" in finding.mend


def test_a_webhook_refused_for_its_private_address_names_both_switches() -> None:
    finding = answers.of_webhook(recorded("private-address"), BACKEND)
    assert "nothing trains" in finding.what
    assert "SSRF_PROTECTION_ENABLED=false" in finding.mend


def test_a_legacy_token_where_those_are_off_asks_for_a_personal_one() -> None:
    finding = answers.of_token(recorded("token-legacy-off"), "http://ls", personal=False)
    assert "does not take legacy tokens" in finding.what
    assert "http://ls/user/account" in finding.mend


@pytest.mark.parametrize(
    ("name", "personal", "what"),
    [("token-unknown", False, "this token"), ("token-personal-unknown", True, "this personal access token")],
)
def test_an_unknown_token_is_named_by_its_kind(name: str, personal: bool, what: str) -> None:
    assert f"does not know {what}" in answers.of_token(recorded(name), "http://ls", personal).what


@pytest.mark.parametrize(("name", "level"), [("imports-fast", Level.OK), ("imports-slow", Level.WARNING)])
def test_the_importers_are_told_apart_by_their_refusal(name: str, level: Level) -> None:
    assert answers.of_import(recorded(name)).level is level


def test_an_importer_that_takes_the_prediction_silently_is_the_slow_one() -> None:
    assert answers.FAST_IMPORTS in answers.of_import(None).mend


def test_another_refusal_of_an_import_is_not_called_slow() -> None:
    assert "is not known" in answers.of_import(recorded("no-project")).what


def test_label_studios_markup_is_left_out_of_its_words() -> None:
    assert "<a href" not in recorded("refused").reason


def test_an_answer_without_words_falls_back_to_the_status() -> None:
    assert words("<!doctype html>", "Not Found") == "Not Found"
