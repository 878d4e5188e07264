"""`./scripts/compare` from its command line to its files."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model.errors import CancelledError, WeightsError
from scripts.cli import commands
from scripts.lab.app import app
from scripts.lab.comparison import contenders, models, run, trained
from scripts.lab.interrupts import ctrl_c
from tests.unit.scripts.lab.comparison.compared import compare, write_pictures

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("export_made_before")]

UNAVAILABLE = "unavailable"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module", autouse=True)
def _a_model_whose_weights_can_t_be_had() -> Iterator[None]:
    build = contenders.build

    def refuse(name: str, *arguments: Any, **more: Any) -> Any:
        if name == UNAVAILABLE:
            raise WeightsError("The weights are not on this machine.")
        return build(name, *arguments, **more)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(contenders, "build", refuse)
        yield


@pytest.fixture(scope="module")
def compared(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which models were compared once."""
    folder = tmp_path_factory.mktemp("compared")
    assert compare(folder, data, "--models", f"cnn-small,{UNAVAILABLE},frozen:cnn-small") == 0
    return folder


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Models that are made from here on, by name; pages are not drawn, which takes longer than all else."""
    made: list[str] = []
    make = models._made

    def note(contender: contenders.Contender, *arguments: Any) -> Any:
        made.append(contender.model)
        return make(contender, *arguments)

    monkeypatch.setattr(models, "_made", note)
    monkeypatch.setattr(run, "publish", lambda *_: None)
    return made


def written(folder: Path) -> Any:
    return json.loads((folder / "out" / "comparison.json").read_text())


def test_all_results_are_written(compared: Path) -> None:
    assert {path.name for path in (compared / "out").iterdir()} == {
        "backbones", "comparison.csv", "comparison.html", "comparison.json", "curves.csv", "networks", "outcomes"
    }  # fmt: skip


def test_models_come_in_the_order_that_was_asked_for(compared: Path) -> None:
    assert [model["model"] for model in written(compared)["models"]] == ["cnn-small", "frozen:cnn-small"]


def test_a_model_whose_weights_can_t_be_had_is_told_and_the_others_go_on(compared: Path) -> None:
    assert written(compared)["not_run"] == [{"model": UNAVAILABLE, "reason": "The weights are not on this machine."}]


def test_settings_tell_how_it_was_made_and_no_secret(compared: Path) -> None:
    settings = written(compared)["settings"]
    assert (settings["images"], settings["epochs"], settings["resolution"]) == (36, 2, 32)
    assert not {"token", "cache", "out"} & settings.keys()


def test_a_rerun_makes_only_what_is_missing(
    compared: Path, data: Path, trainings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    compare(compared, data, "--models", "cnn-small,cnn-small:4-4-4:3-3-3")
    assert trainings == ["cnn-small:4-4-4:3-3-3"]
    assert "cnn-small is finished already." in capsys.readouterr().out


@pytest.mark.parametrize("option", [("--epochs", "1"), ("--augment", "none"), ("--seed", "1"), ("--images", "30")])
def test_other_settings_and_images_make_another_outcome(
    option: tuple[str, str], compared: Path, data: Path, trainings: list[str]
) -> None:
    compare(compared, data, *option)
    assert trainings == ["cnn-small"]


def test_a_network_that_starts_from_other_weights_makes_another_outcome(
    compared: Path, data: Path, trainings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "digest", lambda _: "of other weights")
    compare(compared, data)
    assert trainings == ["cnn-small"]


def test_an_outcome_that_can_t_be_read_is_made_again(data: Path, tmp_path: Path, trainings: list[str]) -> None:
    compare(tmp_path, data, "--models", "frozen:cnn-small")
    (outcome,) = (tmp_path / "out" / "outcomes").iterdir()
    (outcome / "logits.npy").write_bytes(b"")
    assert compare(tmp_path, data, "--models", "frozen:cnn-small") == 0
    assert trainings == ["frozen:cnn-small"] * 2


@pytest.mark.parametrize("ending", [CancelledError("stopped"), SystemExit()])
def test_a_stopped_training_keeps_what_is_finished(
    ending: BaseException,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise ending

    monkeypatch.setattr(trained, "train", stopped)
    assert compare(tmp_path, data, "--models", "frozen:cnn-small,cnn-small") == 130
    assert "The same command goes on" in capsys.readouterr().err
    assert len(list((tmp_path / "out" / "outcomes").iterdir())) == 1


def test_the_first_ctrl_c_asks_a_training_to_end_and_the_second_ends_it() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), ctrl_c() as pressed:
        assert not pressed()
        os.kill(os.getpid(), signal.SIGINT)
        assert pressed()
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_model_that_there_is_not_is_named_before_anything_is_trained(
    data: Path, tmp_path: Path, trainings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(tmp_path, data, "--models", "cnn-small,cnn-huge") == 2
    assert "cnn-huge" in capsys.readouterr().err
    assert trainings == []


def test_without_a_model_that_can_be_run_nothing_is_written(data: Path, tmp_path: Path) -> None:
    assert compare(tmp_path, data, "--models", UNAVAILABLE) == 1
    assert not (tmp_path / "out").exists()


def test_data_that_are_not_there_end_it_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(tmp_path, tmp_path / "nowhere.tar") == 2
    assert "nowhere.tar" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--models", "a,,b"), "empty name"),
        (("--images", "0"), "greater than or equal to 1"),
        (("--augment", "magic"), "--augment"),
        (("--resample", "magic"), "--resample"),
        (("--seed", "-1"), "greater than or equal to 0"),
        (("--weights", "mine.pt"), "are of one network"),
    ],
)
def test_a_wrong_option_ends_with_2(options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.run(app, "lab", ["compare", "data", *options]) == 2
    assert said in capsys.readouterr().err
