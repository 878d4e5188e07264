"""`./scripts/simulate` from its command line to its files."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.cli.commands import run
from scripts.lab.app import app
from scripts.lab.simulation.options import SimulationOptions
from tests.support.waiting import until
from tests.unit.scripts.lab.simulation.simulated import arguments, simulate, write_npz

CHECKOUT = Path(__file__).parents[5]
MANY = 2_000


@dataclass(frozen=True)
class Interrupted:
    """What two processes did until Ctrl-C.

    Attributes:
        folder: of the test.
        data: that were simulated on.
        returned: the command's exit code.
        said: on standard error.
        seconds: from Ctrl-C to the end.
        records: finished runs by name, with the time they were written.
    """

    folder: Path
    data: Path
    returned: int
    said: str
    seconds: float
    records: dict[str, int]

    @property
    def seeds(self) -> str:
        """Of the runs that were finished: of two that begin together, either may be the first."""
        return ",".join(re.findall(r"seed(\d+)", " ".join(self.records)))


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    folder = tmp_path_factory.mktemp("interrupted")
    data = write_npz(folder / "clouds.npz")
    command = [sys.executable, "-m", "scripts.lab", "simulate", *arguments(folder, data), "--strategies", "random"]
    # So many runs that it can't be through before it is interrupted.
    command += ["--seeds", ",".join(map(str, range(MANY))), "--jobs", "2"]
    begun = subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        until(lambda: finished(folder), "a finished run")
        at = time.monotonic()
        os.killpg(begun.pid, signal.SIGINT)
        _, said = begun.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(begun.pid, signal.SIGKILL)
    return Interrupted(folder, data, begun.returncode, said, time.monotonic() - at, finished(folder))


@pytest.fixture
def clouds(tmp_path: Path) -> Path:
    return write_npz(tmp_path / "clouds.npz")


def written(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "out" / "simulation.json").read_text())


def finished(tmp_path: Path) -> dict[str, int]:
    """Records of finished runs by name, with the time they were written."""
    return {file.name: file.stat().st_mtime_ns for file in (tmp_path / "out" / "runs").glob("*.json")}


def curve_of(tmp_path: Path, name: str) -> list[Any]:
    """The curve of a finished run, without what depends on the machine."""
    run = json.loads((tmp_path / "out" / "runs" / name).read_text())
    return [{key: value for key, value in point.items() if "seconds" not in key} for point in run["curve"]]


def test_runs_come_in_the_order_that_was_asked_for_with_their_settings(clouds: Path, tmp_path: Path) -> None:
    assert simulate(tmp_path, clouds, "--strategies", "random,margin", "--splits", "1,0") == 0
    content = written(tmp_path)
    asked = [(run["split"], run["strategy"]) for run in content["runs"]]
    assert asked == [(1, "random"), (1, "margin"), (0, "random"), (0, "margin")]
    assert content["settings"]["budget"] == 20
    assert content["settings"]["images"] == 90
    assert "token" not in content["settings"]


def test_all_results_are_written_and_the_table_is_printed(
    clouds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(tmp_path, clouds, "--targets", "0.5") == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "runs", "simulation.csv", "simulation.html", "simulation.json"
    }  # fmt: skip
    said = capsys.readouterr().out
    assert "labels to 50 %" in said
    assert "auto" in said
    assert "simulation.html" in said


def test_a_rerun_makes_only_what_is_missing(clouds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulate(tmp_path, clouds, "--strategies", "random")
    before = finished(tmp_path)
    simulate(tmp_path, clouds, "--strategies", "random,margin")
    assert "1 of 2 runs are finished already." in capsys.readouterr().out
    assert len(finished(tmp_path)) == 2
    assert before.items() <= finished(tmp_path).items()


def test_other_settings_and_other_data_are_not_taken_for_the_same_run(clouds: Path, tmp_path: Path) -> None:
    simulate(tmp_path, clouds, "--strategies", "random")
    simulate(tmp_path, clouds, "--strategies", "random", "--batch", "15")
    simulate(tmp_path, clouds, "--strategies", "random", "--random-arm", "0.1")
    simulate(tmp_path, write_npz(tmp_path / "other.npz", 93), "--strategies", "random")
    assert len(finished(tmp_path)) == 4


def test_runs_of_other_code_are_kept_and_named(
    clouds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulate(tmp_path, clouds, "--strategies", "random")
    (file,) = (tmp_path / "out" / "runs").iterdir()
    file.write_text(json.dumps(json.loads(file.read_text()) | {"code": "older"}))
    simulate(tmp_path, clouds, "--strategies", "random")
    assert "1 of them by other code" in capsys.readouterr().out


def test_a_record_that_can_t_be_read_is_made_again(clouds: Path, tmp_path: Path) -> None:
    simulate(tmp_path, clouds, "--strategies", "random")
    (file,) = (tmp_path / "out" / "runs").iterdir()
    whole = curve_of(tmp_path, file.name)
    file.write_text('{"curve": [{"labels": 1}]}')
    simulate(tmp_path, clouds, "--strategies", "random")
    assert curve_of(tmp_path, file.name) == whole


@pytest.mark.slow
def test_ctrl_c_ends_all_processes_at_once_and_says_how_to_go_on(interrupted: Interrupted) -> None:
    assert interrupted.returned == 130
    assert "The same command goes on" in interrupted.said
    assert "Traceback" not in interrupted.said
    assert interrupted.seconds < 30
    assert 0 < len(interrupted.records) < MANY


@pytest.mark.slow
def test_after_ctrl_c_a_rerun_keeps_what_is_finished(interrupted: Interrupted) -> None:
    assert simulate(interrupted.folder, interrupted.data, "--strategies", "random", "--seeds", interrupted.seeds) == 0
    assert interrupted.records.items() <= finished(interrupted.folder).items()


@pytest.mark.slow
def test_two_processes_give_what_one_gives(interrupted: Interrupted, tmp_path: Path) -> None:
    some = ",".join(interrupted.seeds.split(",")[:2])
    simulate(tmp_path, interrupted.data, "--strategies", "random", "--seeds", some)
    shared = interrupted.records.keys() & finished(tmp_path).keys()
    assert shared
    for name in shared:
        assert curve_of(tmp_path, name) == curve_of(interrupted.folder, name)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--budget", "77"), "--budget 77 is more than the 76 images"),
        (("--test", "0.99"), "--test parts"),
        (("--pool", "2"), "--pool parts"),
    ],
)
def test_what_the_data_do_not_allow_is_said_in_one_line(
    options: tuple[str, ...], said: str, clouds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(tmp_path, clouds, *options) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert said in line


def test_data_that_are_not_there_end_it_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "lab", ["simulate", str(tmp_path / "nowhere.npz"), "--cache", str(tmp_path)]) == 2
    assert "nowhere.npz" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--backbone", "ResNet50"), "There is no backbone 'ResNet50'"),
        (("--strategies", "auto,magic"), "There is no strategy 'magic'; choose of auto,"),
        (("--targets", "1.5"), "1.5"),
        (("--targets", "90"), "90 is not between 0 and 1"),
        (("--seeds", "a"), "--seeds"),
        (("--splits", "-1"), "--splits"),
        (("--batch", "0"), "greater than or equal to 1"),
        (("--random-arm", "2"), "less than or equal to 1"),
        (("--peers", "modal"), "scikit-activeml"),
    ],
)
def test_a_wrong_option_ends_with_2(options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "lab", ["simulate", "data.npz", *options]) == 2
    assert said in capsys.readouterr().err


def test_peers_join_the_strategies_once_and_measurements_follow_the_batch() -> None:
    given = SimulationOptions(data="data.npz", strategies=("auto", "skactiveml:badge"), peers="scikit-activeml")
    options = given.resolved()
    assert options.strategies[:2] == ("auto", "skactiveml:badge")
    assert len(options.strategies) == 6
    assert options.evaluate_every == options.batch


def test_targets_are_reached_in_ascending_order() -> None:
    assert SimulationOptions(data="data.npz", targets=(0.94, 0.9)).resolved().targets == (0.9, 0.94)
