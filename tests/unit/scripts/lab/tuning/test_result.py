"""What a search has come to, in words and figures."""

from dataclasses import replace

import numpy as np
import pytest

from model.arrays import BoolArray
from model.training.history import Epoch
from model.training.options import TrainingOptions
from model.training.recipe import Recipe
from scripts.lab.tuning import report
from scripts.lab.tuning.errors import TuningError
from scripts.lab.tuning.judging import JudgedSetting, chance
from scripts.lab.tuning.result import FinishedTrial, Search, best_trial

DEFAULT = Recipe("cnn-small", TrainingOptions())
OTHER = Recipe("cnn-small", TrainingOptions(optimiser="sgd", rate=0.1))


def made(number: int, *losses: float, recipe: Recipe = OTHER, pruned: bool = False) -> FinishedTrial:
    history = tuple(Epoch(at, "body", 2.0, 0.3, loss, 0.4, 1e-3, 8, 1.5) for at, loss in enumerate(losses, 1))
    return FinishedTrial(number, recipe, pruned, history, recipe is DEFAULT)


def right(*counts: int, n: int = 100) -> BoolArray:
    """So many of n test images recognised in each training, the first ones."""
    return np.array([np.arange(n) < count for count in counts])


def result(best: BoolArray | None, defaults: BoolArray) -> Search:
    trials = (made(0, 2.0, 1.5, recipe=DEFAULT), made(1, 1.4, 1.2), made(2, 1.9, pruned=True), made(3, pruned=True))
    winner = None if best is None else JudgedSetting(OTHER, best)
    return Search(trials, trials[0 if best is None else 1], JudgedSetting(DEFAULT, defaults), winner, {"trials": 4})


def test_the_best_trial_has_the_least_loss_of_those_that_came_to_their_end() -> None:
    assert best_trial([made(0, 2.0, 1.5), made(1, 1.2, 1.4), made(2, 1.1, pruned=True)]).number == 1


def test_without_a_trial_that_came_to_its_end_there_is_no_best() -> None:
    with pytest.raises(TuningError, match="not even the defaults"):
        best_trial([made(0, pruned=True)])


def test_a_gain_beyond_chance_is_said_so() -> None:
    assert "20.0 points more, beyond chance (p = " in result(right(70, 70), right(50, 50)).verdict()


def test_a_gain_that_may_be_chance_is_said_so() -> None:
    assert "2.0 points more. That may be chance (p = 0.5)" in result(right(52), right(50)).verdict()


def test_a_loss_is_no_gain() -> None:
    assert "20.0 points less, beyond chance" in result(right(30), right(50)).verdict()


def test_defaults_that_nothing_beat_are_the_best() -> None:
    found = result(None, right(50, 54))
    assert found.verdict().startswith("No setting is better than the defaults, which recognise 52.0 %")
    assert (found.about()["test"]["best"], found.chance) == (found.about()["test"]["defaults"], 1.0)


def test_an_image_counts_for_the_setting_that_recognised_it_more_often() -> None:
    once_ahead, tied = right(6, 0, n=6), right(3, 3, n=6)
    assert chance(JudgedSetting(OTHER, once_ahead), JudgedSetting(DEFAULT, np.zeros_like(tied))) == pytest.approx(
        2 / 2**6
    )
    assert chance(JudgedSetting(OTHER, tied), JudgedSetting(DEFAULT, tied)) == 1.0


def test_an_interval_is_that_of_the_images_however_often_they_were_looked_at() -> None:
    once, thrice = JudgedSetting(OTHER, right(50)), JudgedSetting(OTHER, right(50, 50, 50))
    assert once.accuracy == thrice.accuracy


def test_only_what_differs_from_the_defaults_is_shown() -> None:
    table = report.setting(result(right(52), right(50)))
    assert table.rows == (("optimiser", "adamw", "sgd"), ("rate", "0.001", "0.1"))


def test_a_trial_without_an_epoch_has_a_line_without_figures() -> None:
    lines = report.as_csv(result(None, right(50)).trials).splitlines()
    assert [line.split(",")[:4] for line in lines[1:]] == [
        ["0", "defaults", "1.5", "0.4"], ["1", "complete", "1.2", "0.4"],
        ["2", "pruned", "1.9", "0.4"], ["3", "pruned", "", ""],
    ]  # fmt: skip


def test_the_csv_tells_epochs_that_were_trained_from_those_that_were_allowed() -> None:
    header, *lines = report.as_csv(result(None, right(50)).trials).splitlines()
    pruned = dict(zip(header.split(","), lines[2].split(","), strict=True))
    assert (pruned["epochs_trained"], pruned["epochs"]) == ("1", str(OTHER.options.epochs))


def test_trials_are_listed_by_their_loss_and_pruned_ones_last() -> None:
    found = result(None, right(50))
    found = replace(found, trials=(*found.trials, made(4, 1.0)))
    assert [row[0] for row in report.listed(found).rows][:3] == ["4", "1", "0"]
