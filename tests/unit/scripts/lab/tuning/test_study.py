"""Studies in their storages: who may go on with one, what is made again, and what a trial comes to."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.pruners import ThresholdPruner
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from model.errors import TrainingError
from scripts.lab.interrupts import Interrupted
from scripts.lab.tuning import liveness, trials, work
from scripts.lab.tuning.bench import Bench
from scripts.lab.tuning.errors import TuningError
from scripts.lab.tuning.storage import open_storage, without_password
from scripts.lab.tuning.study import DEFAULTS, open_study, place_of, put_back, sampler
from tests.unit.scripts.lab.tuning.tuned import EPOCHS, bench

NAME = "cnn-small"


@pytest.fixture(scope="module")
def here() -> Bench:
    return bench()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'study.sqlite3'}"


@pytest.fixture
def study(url: str, here: Bench) -> Study:
    return opened(url, here)


def opened(url: str, here: Bench, **other: Any) -> Study:
    return open_study(open_storage(url), NAME, here.made_of() | other, here.space)


def waiting(study: Study) -> list[FrozenTrial]:
    return study.get_trials(states=(TrialState.WAITING,))


def test_the_first_trial_is_the_defaults(study: Study, here: Bench) -> None:
    trial = study.ask()
    ended = trials.make(trial, here, lambda: False)
    assert (trial.number, ended.recipe) == (0, here.space.start.recipe)


def test_a_study_that_is_opened_again_has_its_defaults_once(study: Study, url: str, here: Bench) -> None:
    assert len(opened(url, here).get_trials()) == 1


@pytest.mark.parametrize(("other", "said"), [({"epochs": 99}, "epochs 2 (now 99)"), ({"defaults": {}}, "defaults")])
def test_a_study_of_something_else_is_refused(
    other: dict[str, Any], said: str, study: Study, url: str, here: Bench
) -> None:
    with pytest.raises(TuningError, match="--study") as refused:
        opened(url, here, **other)
    assert said in str(refused.value)


def test_a_study_that_another_program_made_is_refused(url: str, here: Bench) -> None:
    optuna.create_study(storage=url, study_name=NAME).add_trial(create_trial(value=1.0))
    with pytest.raises(TuningError, match="made of something else"):
        opened(url, here)


def test_other_images_are_told_by_their_pixels(here: Bench) -> None:
    assert here.fingerprint == bench().fingerprint != bench(27).fingerprint


def test_near_duplicates_stay_together_and_make_another_study(here: Bench) -> None:
    # Image 0 looks like image 3, 1 like 4, 2 like 5; and so on.
    groups = np.arange(30) // 6 * 3 + np.arange(30) % 3
    grouped = Bench(replace(here.data, groups=groups), here.space)
    parts = [set(groups[rows]) for rows in (grouped.split.train, grouped.split.validation, grouped.split.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 15
    assert grouped.fingerprint != here.fingerprint


@pytest.mark.parametrize(
    ("storage", "said"),
    [
        ("redis://:secret@127.0.0.1:1/0", "redis://:…@127.0.0.1:1/0"),
        ("postgresql+psycopg://me:secret@127.0.0.1:1/x", "me:…@127.0.0.1"),
        ("sqlite:////nowhere/at/all.sqlite3", "/nowhere/at/all.sqlite3"),
        ("nonsense://x", "nonsense"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_storage_that_can_t_be_used_is_named_without_its_password(storage: str, said: str) -> None:
    with pytest.raises(TuningError) as refused:
        open_storage(storage)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_password_is_not_shown() -> None:
    assert without_password("redis://:p@h:1/0 and x://u:p@h") == "redis://:…@h:1/0 and x://u:…@h"


def test_a_trial_that_was_cut_off_is_made_again_with_its_setting(study: Study, here: Bench) -> None:
    study.tell(study.ask(), 1.0)
    cut_off = study.ask()
    drawn = cut_off.suggest_float("dropout", 0.0, 0.6)
    put_back(study, cut_off)
    put_back(study, cut_off)
    again = study.ask()
    assert (again.suggest_float("dropout", 0.0, 0.6), waiting(study)) == (drawn, [])


def test_defaults_that_were_cut_off_are_the_defaults_again(study: Study) -> None:
    put_back(study, study.ask())
    (again,) = waiting(study)
    assert DEFAULTS in again.user_attrs


def test_a_trials_place_passes_by_those_that_were_cut_off(study: Study) -> None:
    study.tell(study.ask(), 1.0)
    put_back(study, study.ask())
    again, following = study.ask(), study.ask()
    assert [place_of(trial.number, study.get_trials()) for trial in (again, following)] == [1, 2]


def test_the_draw_of_a_place_is_the_same_whenever_it_is_made(url: str) -> None:
    draws = []
    for place in (3, 3, 4):
        study = optuna.create_study(sampler=sampler(7, place))
        draws.append(study.ask().suggest_float("dropout", 0.0, 0.6))
    assert draws[0] == draws[1] != draws[2]


def test_a_trial_without_prospects_ends_early(here: Bench) -> None:
    study = optuna.create_study(pruner=ThresholdPruner(upper=0.0))
    trial = study.ask()
    ended = trials.make(trial, here, lambda: False)
    trials.finish(study, trial, ended)
    assert (ended.reason, len(ended.history)) == (trials.PRUNED, 1)
    assert study.trials[0].state is TrialState.PRUNED


def test_a_trial_is_worth_its_least_validation_loss(here: Bench) -> None:
    study = optuna.create_study()
    trial = study.ask()
    trials.finish(study, trial, trials.make(trial, here, lambda: False))
    losses = [epoch["validation_loss"] for epoch in study.trials[0].user_attrs[trials.HISTORY]]
    assert (len(losses), study.trials[0].value) == (EPOCHS, min(losses))
    assert list(study.trials[0].intermediate_values.values()) == losses


def test_a_setting_that_can_t_be_trained_ends_its_trial_alone(here: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def diverge(*_: Any, **__: Any) -> None:
        raise TrainingError("The loss is not finite.")

    monkeypatch.setattr(trials, "train", diverge)
    study = optuna.create_study()
    work.until_enough(study, here, 2, lambda: False)
    assert [trial.user_attrs[trials.REASON] for trial in study.trials] == ["The loss is not finite."] * 2


def test_trials_are_made_until_there_are_enough_and_no_more(study: Study, here: Bench) -> None:
    work.until_enough(study, here, 2, lambda: False)
    work.until_enough(study, here, 2, lambda: False)
    assert [trial.state.is_finished() for trial in study.get_trials()] == [True] * 2


def test_the_last_place_is_taken_once(study: Study, here: Bench) -> None:
    taken = study.ask()
    work._one(study, here, 1, lambda: False)
    assert [trial.state for trial in study.get_trials()] == [TrialState.RUNNING, TrialState.FAIL]
    assert taken.number == 0


def test_an_interrupted_trial_is_put_back(study: Study, here: Bench) -> None:
    asked = iter([False, False, *[True] * 9])
    with pytest.raises(Interrupted):
        work.until_enough(study, here, 3, lambda: next(asked))
    assert [DEFAULTS in trial.user_attrs for trial in waiting(study)] == [True]


def test_a_trial_that_somebody_else_took_is_left_to_them(
    study: Study, here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def robbed(trial: optuna.Trial, *_: Any) -> None:
        put_back(study, trial)
        trial.report(1.0, 1)

    monkeypatch.setattr(trials, "make", robbed)
    work._one(study, here, 5, lambda: False)
    assert len(waiting(study)) == 1


def test_a_trial_without_a_sign_of_life_is_found(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 20.0, 40.0, 60.0])
    # Not the clock of the whole process: threads of other tests would look at it, too.
    monkeypatch.setattr(liveness, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    watch, dead, alive = liveness.Watch(), study.ask(), study.ask()
    found = []
    for sign in range(3):
        alive.set_user_attr(liveness.SIGN, sign)
        found.append([trial.number for trial in watch.cut_off(study.get_trials())])
    assert found == [[], [], [dead.number]]


def test_a_trial_that_is_trained_gives_signs_of_life(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "EVERY_SECONDS", 0.01)
    trial = study.ask()
    with liveness.signs_of_life(trial):
        while liveness.SIGN not in study.trials[0].user_attrs:
            pass
    assert study.trials[0].user_attrs[liveness.SIGN] >= 1
