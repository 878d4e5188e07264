"""Recipes: a network's name and its training options, to a file and back."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from model.errors import InputError
from model.training.options import TrainingOptions
from model.training.recipe import Recipe, read_recipe, write_recipe

RECIPE = Recipe("cnn-small:16-32-64:5-3-3", TrainingOptions(epochs=3, optimiser="sgd", rate=0.01, resolution=32))


def test_a_recipe_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_recipe(tmp_path / "best.json", RECIPE, {"trial": 7})
    assert read_recipe(tmp_path / "best.json") == RECIPE


def test_a_file_holds_every_option_and_where_it_comes_from(tmp_path: Path) -> None:
    write_recipe(tmp_path / "best.json", RECIPE, {"trial": 7})
    written = json.loads((tmp_path / "best.json").read_text())
    assert written == {"model": RECIPE.network, "options": asdict(RECIPE.options), "about": {"trial": 7}}


def test_a_recipe_that_can_t_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    write_recipe(tmp_path / "best.json", RECIPE, {})
    with pytest.raises(TypeError):
        write_recipe(tmp_path / "best.json", Recipe("cnn-small", TrainingOptions()), {"trial": object()})
    assert [path.name for path in tmp_path.iterdir()] == ["best.json"]
    assert read_recipe(tmp_path / "best.json") == RECIPE


def test_options_that_are_left_out_are_the_defaults() -> None:
    assert Recipe.from_json({"model": "resnet50"}) == Recipe("resnet50", TrainingOptions())


def test_a_whole_number_may_stand_for_a_fraction() -> None:
    options = Recipe.from_json({"model": "resnet50", "options": {"weight_decay": 0}}).options
    assert isinstance(options.weight_decay, float)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "`model` and `options`, got a list"),
        ({"options": {}}, "`model` of the recipe must be a network's name, got None"),
        ({"model": 5}, "got 5"),
        ({"model": "resnet50", "speed": 3}, "The recipe has no 'speed'"),
        ({"model": "resnet50", "options": 3}, "must be an object of settings, got a whole number"),
        ({"model": "resnet50", "options": {"momentun": 0.9}}, "has no 'momentun'"),
        ({"model": "resnet50", "options": {"epochs": "3"}}, "epochs is '3'. Make it a whole number"),
        ({"model": "resnet50", "options": {"epochs": True}}, "epochs is True"),
        ({"model": "resnet50", "options": {"epochs": 2.5}}, "epochs is 2.5"),
        ({"model": "resnet50", "options": {"rate": None}}, "rate is None. Make it a number"),
        ({"model": "resnet50", "options": {"rate": float("inf")}}, "rate is inf"),
        ({"model": "resnet50", "options": {"compile": 1}}, "compile is 1. Make it true or false"),
        ({"model": "resnet50", "options": {"resolution": "big"}}, "Make it a whole number or null"),
        ({"model": "resnet50", "options": {"optimiser": "lion"}}, "optimiser is 'lion'. Choose one of: sgd"),
        ({"model": "resnet50", "options": {"rate": -1}}, "rate is -1.0. Make it larger than 0"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_recipe_is_named(content: Any, said: str) -> None:
    with pytest.raises(InputError, match=r"^[^\n]+$") as refused:
        Recipe.from_json(content)
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no recipe .*best\.json.*scripts/tune"):
        read_recipe(tmp_path / "best.json")


@pytest.mark.parametrize("content", ['{"model": ', '{"model": 5}', "\udce9"])
def test_a_file_without_a_recipe_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "best.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=r"best\.json"):
        read_recipe(tmp_path / "best.json")
