"""The demo's folder: its lock, its secrets, and beginning anew."""

import stat
from pathlib import Path

import pytest

from scripts.demo_app.errors import DemoError
from scripts.demo_app.home import DemoHome


def test_a_second_demo_on_the_same_folder_says_so(tmp_path: Path) -> None:
    with (
        DemoHome(tmp_path / "home").locked(),
        pytest.raises(DemoError, match="already runs"),
        DemoHome(tmp_path / "home").locked(),
    ):
        pass


def test_the_folder_is_free_again_when_the_demo_ends(tmp_path: Path) -> None:
    home = DemoHome(tmp_path / "home")
    with home.locked():
        pass
    with home.locked():
        pass


def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with pytest.raises(DemoError, match="no folder of the demo's"), DemoHome(tmp_path).locked():
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_passwords_survive_and_are_for_this_user_only(tmp_path: Path) -> None:
    home = DemoHome(tmp_path)
    state = home.load()
    home.save(state)
    assert home.load() == state
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600


def test_passwords_differ_from_folder_to_folder(tmp_path: Path) -> None:
    first, second = DemoHome(tmp_path / "a").load(), DemoHome(tmp_path / "b").load()
    assert first.password != second.password
    assert first.token != second.token


def test_a_torn_state_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"password": "x')
    with pytest.raises(DemoError, match="--reset"):
        DemoHome(tmp_path).load()


def test_a_reset_deletes_what_the_demo_made_and_nothing_else(tmp_path: Path) -> None:
    home = DemoHome(tmp_path)
    home.save(home.load())
    home.logs.mkdir()
    (tmp_path / "mine.txt").write_text("keep")
    (home.label_studio_environment).mkdir()
    home.reset()
    assert {path.name for path in tmp_path.iterdir()} == {"mine.txt", "label-studio-env"}
