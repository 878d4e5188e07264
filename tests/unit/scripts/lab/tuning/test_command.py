"""`./scripts/tune` from its command line to its files; killed, stopped, resumed, and with several workers."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from model.training.recipe import read_recipe
from scripts.cli import commands
from scripts.lab.app import app
from scripts.lab.tuning import judging, run, trials, workers
from scripts.lab.tuning.report import COLUMNS
from scripts.lab.tuning.storage import open_storage
from scripts.lab.tuning.study import finished
from tests.support.stack import RunningRedis, start_redis
from tests.unit.scripts.lab.comparison.compared import write_pictures
from tests.unit.scripts.lab.tuning.tuned import CUT_OFF_AT, EPOCHS, trials_in, tune

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("export_made_before")]

CHECKOUT = Path(__file__).parents[5]
TRIALS = 6
"""So few that all are drawn at random: what a trial draws doesn't depend on the trials before it."""


@dataclass(frozen=True)
class Killed:
    """A search that was killed by SIGKILL in the middle of a trial.

    Attributes:
        folder: of the search.
        returned: the exit code.
        trials: that it left.
    """

    folder: Path
    returned: int
    trials: list[FrozenTrial]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def tuned(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a search was made without a break."""
    folder = tmp_path_factory.mktemp("tuned")
    assert tune(folder, data, "--trials", str(TRIALS)) == 0
    return folder


@pytest.fixture(scope="module")
def killed(data: Path, backbones: Path, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    folder = tmp_path_factory.mktemp("killed")
    (folder / "cache").mkdir()
    (folder / "cache" / "backbones").symlink_to(backbones, target_is_directory=True)
    given = [str(folder), str(data), "--trials", str(TRIALS)]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.unit.scripts.lab.tuning.tuned", *given],
        cwd=CHECKOUT,
        check=False,
        capture_output=True,
    )
    return Killed(folder, ended.returncode, trials_in(folder))


@pytest.fixture(scope="module")
def resumed(killed: Killed, data: Path) -> list[FrozenTrial]:
    """All trials after the killed search was gone on with; its page, which nobody looks at here, is not drawn."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(run, "publish", lambda *_: None)
        assert tune(killed.folder, data, "--trials", str(TRIALS)) == 0
    return trials_in(killed.folder)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is judged and no page is drawn."""
    monkeypatch.setattr(run, "_conclude", lambda *_: None)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRedis]:
    running = start_redis(tmp_path_factory.mktemp("redis"))
    yield running
    running.process.kill()


def known(all_trials: list[FrozenTrial]) -> set[tuple[Any, ...]]:
    """Finished trials, as they can be told from others."""
    return {
        (trial.number, trial.value, trial.datetime_start, trial.datetime_complete) for trial in finished(all_trials)
    }


def settings(all_trials: list[FrozenTrial]) -> list[tuple[str, float | None]]:
    """Setting and value of the finished trials, in no order of time."""
    return sorted((json.dumps(trial.params, sort_keys=True), trial.value) for trial in finished(all_trials))


def test_a_search_is_killed_in_the_middle_of_a_trial(killed: Killed) -> None:
    states = [trial.state for trial in killed.trials]
    assert killed.returned == -signal.SIGKILL
    assert states == [*[TrialState.COMPLETE] * (CUT_OFF_AT - 1), TrialState.RUNNING]


def test_trials_that_were_finished_before_the_kill_are_not_made_again(
    killed: Killed, resumed: list[FrozenTrial]
) -> None:
    assert len(known(killed.trials)) == CUT_OFF_AT - 1
    assert known(killed.trials) <= known(resumed)


def test_a_resumed_search_makes_as_many_trials_as_were_asked_for_in_all(resumed: list[FrozenTrial]) -> None:
    assert len(finished(resumed)) == TRIALS
    assert [trial.state for trial in resumed].count(TrialState.FAIL) == 1


def test_the_trial_that_was_cut_off_is_made_again(killed: Killed, resumed: list[FrozenTrial]) -> None:
    cut_off = killed.trials[-1]
    assert resumed[cut_off.number].state is TrialState.FAIL
    assert [trial.number > cut_off.number for trial in finished(resumed) if trial.params == cut_off.params] == [True]


def test_a_search_that_was_killed_comes_to_what_it_would_have_come_to(tuned: Path, resumed: list[FrozenTrial]) -> None:
    expected = settings(trials_in(tuned))
    assert [each for each, _ in settings(resumed)] == [each for each, _ in expected]
    assert [value for _, value in settings(resumed)] == pytest.approx([value for _, value in expected], rel=1e-4)


def test_all_results_are_written(tuned: Path) -> None:
    assert {path.name for path in (tuned / "out").iterdir()} == {
        "best.json", "networks", "study.sqlite3", "trials.csv", "tuning.html"
    }  # fmt: skip


def test_the_best_setting_is_a_recipe(tuned: Path) -> None:
    file = tuned / "out" / "best.json"
    best = min(finished(trials_in(tuned)), key=lambda trial: (trial.state is TrialState.PRUNED, trial.value))
    assert json.loads(file.read_text())["about"]["trial"] == best.number
    assert read_recipe(file).options.batch_size == best.params["batch_size"]


def test_the_best_setting_tells_what_it_is_worth_on_test_images(tuned: Path) -> None:
    about = json.loads((tuned / "out" / "best.json").read_text())["about"]
    assert about["search"]["test"] == about["test"]["best"]["images"] == 6
    assert 0 < about["test"]["p"] <= 1
    assert about["verdict"] in (tuned / "out" / "tuning.html").read_text().replace("&#39;", "'")


def test_the_csv_has_a_line_for_each_trial(tuned: Path) -> None:
    with (tuned / "out" / "trials.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["trial"] for line in lines] == [str(number) for number in range(TRIALS)]
    assert lines[0]["state"] == "defaults"
    assert lines[0].keys() >= {*COLUMNS, "model", "optimiser", "resolution"}


def test_the_page_needs_nothing_but_itself(tuned: Path) -> None:
    html = (tuned / "out" / "tuning.html").read_text()
    assert html.count("data:image/png;base64,") >= 5
    assert "http" not in html.replace("http-equiv", "")


def test_a_search_that_is_finished_trains_nothing_again(
    tuned: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "publish", lambda *_: None)
    monkeypatch.setattr(trials, "train", None)
    before = trials_in(tuned)
    assert tune(tuned, data, "--trials", str(TRIALS)) == 0
    assert known(trials_in(tuned)) == known(before)


def test_a_search_of_something_else_is_refused(tuned: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tune(tuned, data, "--trials", "2", "--epochs", "3") == 2
    assert f"epochs {EPOCHS} (now 3)" in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make, made = trials.make, []

    def press(*of: Any) -> trials.EndedTrial:
        made.append(of)
        if len(made) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return make(*of)

    monkeypatch.setattr(trials, "make", press)
    assert tune(tmp_path, data, "--trials", "3") == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert [trial.state for trial in trials_in(tmp_path)] == [
        TrialState.COMPLETE, TrialState.FAIL, TrialState.WAITING
    ]  # fmt: skip


def test_ctrl_c_while_the_best_is_judged_ends_it(
    tuned: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(*_: Any, cancelled: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert cancelled()
        raise judging.CancelledError

    monkeypatch.setattr(judging, "train", press)
    assert tune(tuned, data, "--trials", str(TRIALS)) == 130


@pytest.mark.usefixtures("quick")
def test_several_workers_share_a_study_on_redis(redis: RunningRedis, data: Path, tmp_path: Path) -> None:
    assert tune(tmp_path, data, "--trials", "5", "--workers", "2", "--storage", redis.url, "--study", "shared") == 0
    states = [trial.state for trial in optuna.load_study(study_name="shared", storage=open_storage(redis.url)).trials]
    assert [state for state in states if state is not TrialState.FAIL] == [TrialState.COMPLETE] * 5


@pytest.mark.usefixtures("quick")
def test_what_goes_wrong_in_a_worker_is_told(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    search = workers.run

    def storage_lost(job: workers.SearchJob, *more: Any) -> None:
        search(replace(job, storage="sqlite:////nowhere/study.sqlite3"), *more)

    monkeypatch.setattr(workers, "run", storage_lost)
    assert tune(tmp_path, data, "--trials", "2", "--workers", "2") == 2
    assert "The storage sqlite:////nowhere/study.sqlite3 can't be used" in capsys.readouterr().err


def test_data_that_are_not_there_end_it_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tune(tmp_path, tmp_path / "nowhere.tar") == 2
    assert "nowhere.tar" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--model"),
        (("--model", "cnn-small", "--trials", "0"), "greater than or equal to 1"),
        (("--model", "cnn-small", "--workers", "0"), "greater than or equal to 1"),
        (("--model", "cnn-small", "--seed", "-1"), "greater than or equal to 0"),
    ],
)
def test_a_wrong_option_ends_with_2(options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.run(app, "lab", ["tune", "data", *options]) == 2
    assert said in capsys.readouterr().err
