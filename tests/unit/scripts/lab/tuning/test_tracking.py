"""Trials are handed to MLflow once each."""

from pathlib import Path

import optuna
import pytest

from backend import settings
from backend.tracking.outbox import Outbox
from model.training.history import Epoch
from scripts.lab.tuning import tracking
from scripts.lab.tuning.bench import Bench
from scripts.lab.tuning.trials import EndedTrial, finish
from tests.unit.scripts.lab.tuning.tuned import at_once, bench


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """What would be delivered: MLflow is tested elsewhere."""
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "model"))
    monkeypatch.setenv("TRACKING", "true")
    monkeypatch.setattr(tracking, "deliver", lambda *_: 0)
    settings.load.cache_clear()
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def searched() -> tuple[optuna.Study, Bench]:
    """A study with a whole trial and one that was given up."""
    with at_once():
        made = bench()
        study = optuna.create_study(study_name="cnn")
        for reason in (None, "worse"):
            trial = study.ask(dict(made.space.dimensions))
            epochs = [Epoch(number, "body", 1.0, 0.5, 2.0 / number, 0.25 * number, 1e-3, 16, 0.1) for number in (1, 2)]
            finish(study, trial, EndedTrial(made.space.recipe(trial.params), tuple(epochs), reason))
    return study, made


def test_each_finished_trial_is_a_run_with_its_setting_and_its_curves(
    outbox: Outbox, searched: tuple[optuna.Study, Bench]
) -> None:
    tracking.track(*searched, outbox.folder)
    whole, pruned = (outbox.read(item) for item in outbox.waiting())
    assert (whole.experiment, whole.name, whole.kind) == ("tuning: cnn", "trial 0", "trial")
    assert whole.curves["validation_loss"] == [(1, 2.0), (2, 1.0)]
    assert whole.metrics["validation_accuracy"] == 0.5
    assert whole.settings["optimiser"] == searched[0].trials[0].params["optimiser"]
    assert (whole.end, pruned.end) == ("FINISHED", "KILLED")


def test_a_search_that_goes_on_tracks_no_trial_twice(outbox: Outbox, searched: tuple[optuna.Study, Bench]) -> None:
    for _ in range(2):
        tracking.track(*searched, outbox.folder)
    assert len(outbox.waiting()) == 2


def test_tracking_can_be_switched_off(
    outbox: Outbox, searched: tuple[optuna.Study, Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKING", "false")
    settings.load.cache_clear()
    tracking.track(*searched, outbox.folder)
    assert outbox.waiting() == []
