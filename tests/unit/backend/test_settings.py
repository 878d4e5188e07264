"""Settings: read from the environment alone, and a wrong one stops the start with one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.settings import Settings, load

WRONG = {
    "LABEL_STUDIO_URL": "localhost:8080",
    "PORT": "http",
    "LOG_LEVEL": "LOUD",
    "DEVICE": "tpu",
    "HOLDOUT_SHARE": "2",
    "DEBOUNCE_SECONDS": "-1",
    "QUEUE_HEAD": "0",
    "LEASE_SECONDS": "soon",
    "VERSIONS_KEPT": "1",
    "LOG_JSON": "perhaps",
    "BACKBONE": "resnet-9000",
    "DATABASE_URL": "mongodb://x",
    "REDIS_URL": "localhost",
}


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Reads the settings in an environment that holds nothing else of ours."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)

    def read(**environment: str) -> Settings:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return load.__wrapped__()

    return read


@pytest.fixture
def refused(start: Callable[..., Settings], capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """The one line that ends the start."""

    def read(**environment: str) -> str:
        with pytest.raises(SystemExit) as end:
            start(**environment)
        assert end.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line

    return read


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_stops_the_start_with_one_line_that_names_it(refused: Callable[..., str], name: str) -> None:
    assert name in refused(**{name: WRONG[name]})


def test_a_user_without_a_password_stops_the_start(refused: Callable[..., str]) -> None:
    assert "BASIC_AUTH_PASS" in refused(BASIC_AUTH_USER="user")


@pytest.mark.parametrize("name", ["BASIC_AUTH_PASS", "DATABASE_URL"])
def test_a_secret_is_not_shown(refused: Callable[..., str], name: str) -> None:
    assert "secret" not in refused(**{name: "mysql://user:secret@host"})


def test_several_wrong_values_are_told_at_once(
    start: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        start(PORT="http", LOG_LEVEL="LOUD")
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Setting PORT", "Setting LOG_LEVEL"]


def test_every_setting_has_a_value_that_works_without_any_variable(start: Callable[..., Settings]) -> None:
    assert start().port == 9090


def test_an_empty_variable_is_none(start: Callable[..., Settings]) -> None:
    assert start(PORT="").port == 9090


def test_a_slash_at_the_end_of_an_address_does_not_matter(start: Callable[..., Settings]) -> None:
    assert start(LABEL_STUDIO_URL="https://label-studio.example/").label_studio_url == "https://label-studio.example"


def test_without_a_database_the_mirror_lies_in_the_folder(start: Callable[..., Settings], tmp_path: Path) -> None:
    assert start(MODEL_DIR=str(tmp_path)).database_url == f"sqlite:///{tmp_path}/mirror.sqlite3"
