"""The demo's label config, and how its projects are told apart."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from scripts.demo_app.options import Order, parse
from scripts.demo_app.project import label_config, project_key


def test_class_names_may_hold_any_character() -> None:
    names = ['say "cheese"', "<b>&amp;", "Grüße", "it's"]
    choices = ElementTree.fromstring(label_config(names)).iter("Choice")
    assert [choice.get("value") for choice in choices] == names


@pytest.mark.parametrize(
    "arguments",
    [["--limit", "50"], ["--order", "random"], ["--seed", "1"], ["--data", "cifar10"]],
)
def test_other_images_or_another_order_are_another_project(arguments: list[str]) -> None:
    assert project_key(parse(arguments)) != project_key(parse([]))


def test_the_annotator_does_not_change_which_project_it_is() -> None:
    assert project_key(parse(["--auto", "10", "--pace", "0.1"])) == project_key(parse([]))


def test_a_path_names_the_same_project_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "images").mkdir()
    monkeypatch.chdir(tmp_path)
    assert project_key(parse(["--data", "images"])) == project_key(parse(["--data", str(tmp_path / "images")]))


@pytest.mark.parametrize("arguments", [["--limit", "0"], ["--auto", "-1"], ["--pace", "nan"], ["--report", "r.json"]])
def test_a_wrong_argument_ends_with_a_usage_message(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(arguments)
    assert "usage: ./scripts/demo" in capsys.readouterr().err


def test_the_loop_is_the_default_order() -> None:
    assert parse([]).order is Order.LOOP
