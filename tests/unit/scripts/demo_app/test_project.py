"""How the demo's projects are told apart."""

from pathlib import Path
from typing import Any

import pytest

from scripts.cli.commands import run
from scripts.demo_app.app import app
from scripts.demo_app.options import DemoOptions, TaskOrder
from scripts.demo_app.project import project_key


@pytest.mark.parametrize("other", [{"limit": 50}, {"order": TaskOrder.RANDOM}, {"seed": 1}, {"data": "cifar10"}])
def test_other_images_or_another_order_are_another_project(other: dict[str, Any]) -> None:
    assert project_key(DemoOptions(**other)) != project_key(DemoOptions())


def test_the_annotator_does_not_change_which_project_it_is() -> None:
    assert project_key(DemoOptions(auto=10, pace=0.1)) == project_key(DemoOptions())


def test_a_path_names_the_same_project_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "images").mkdir()
    monkeypatch.chdir(tmp_path)
    assert project_key(DemoOptions(data="images")) == project_key(DemoOptions(data=str(tmp_path / "images")))


@pytest.mark.parametrize("arguments", [["--limit", "0"], ["--auto", "-1"], ["--pace", "nan"], ["--report", "r.json"]])
def test_a_wrong_option_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "demo", arguments) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_the_loop_is_the_default_order() -> None:
    assert DemoOptions().order is TaskOrder.LOOP
