"""The command line of finetune, and what it says."""

from pathlib import Path
from typing import Any

import pytest

from model.training.options import TrainingOptions
from model.training.recipe import Recipe, write_recipe
from scripts.cli.app import app
from scripts.cli.commands import run
from scripts.cli.finetune.options import FinetuneOptions
from scripts.cli.finetune.recipe import recipe_of
from scripts.cli.finetune.run import lines, step
from scripts.cli.waiting import Step


def finetune(*given: str) -> int:
    """Run the command; returns its exit code."""
    return run(app, "label-loop", ["finetune", *given])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--cancel", "--undo"], "Only one of"),
        (["--backend", "localhost:9090"], "write it as http://localhost:9090"),
        (["--blocks", "-1"], "unfrozen_blocks is -1"),
        (["--recipe", "nowhere.json"], "no recipe nowhere.json"),
    ],
)
def test_what_can_not_be_is_refused(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert finetune("--project", "1", *given) == 2
    assert said in capsys.readouterr().err


def test_only_what_was_said_differs_from_the_defaults() -> None:
    assert recipe_of(FinetuneOptions(project=1)) == ("", {})
    assert recipe_of(FinetuneOptions(project=1, epochs=3)) == ("", {"epochs": 3})


def test_the_command_line_wins_over_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "best.json"
    write_recipe(path, Recipe("resnet50", TrainingOptions(epochs=7, optimiser="sgd")), about={})
    network, training = recipe_of(FinetuneOptions(project=1, recipe=path, epochs=3))
    assert network == "resnet50"
    assert (training["epochs"], training["optimiser"]) == (3, "sgd")


def test_a_backend_that_does_not_answer_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert finetune("--project", "1", "--backend", "http://127.0.0.1:9") == 1
    assert capsys.readouterr().err.count("\n") == 1


def status_of(phase: str, **fields: Any) -> dict[str, Any]:
    return {"phase": phase, "message": "Said.", "used": "lite0-1234", "epochs": 12, "history": [{}, {}], **fields}


def test_a_training_says_how_far_it_is_and_what_the_project_uses() -> None:
    assert lines(status_of("training")) == ["Said.", "2 of 12 epochs.", "The project uses lite0-1234."]


def test_the_way_back_is_named() -> None:
    assert "--undo" in " ".join(lines(status_of("adopted")))


def test_the_bar_counts_images_until_it_trains() -> None:
    assert step(status_of("embedding", done=3, total=9)) == Step("embedding, images", 3, 9)


def test_the_bar_counts_epochs_while_it_trains_and_says_how_good_the_last_was() -> None:
    last = {"train_loss": 0.5, "validation_loss": 0.25, "validation_accuracy": 0.75}
    now = step(status_of("training", history=[{}, last], seconds_left=None))
    said = "loss 0.500, validation 0.250, 75.0% right, 0 s left at most"
    assert now == Step("training, epochs", 2, 12, said)
