"""`./scripts/reproduce`: published figures and ours beside them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.errors import WeightsError
from scripts.cli import commands
from scripts.lab.app import app
from scripts.lab.comparison import contenders
from scripts.lab.datasets import DataError
from scripts.lab.reproduction import rows
from scripts.lab.reproduction import run as command
from scripts.lab.reproduction.data import MARKS, downloaded, given
from scripts.lab.reproduction.published import ROWS, PublishedRow, RowSize
from tests.unit.scripts.lab.comparison.compared import write_pictures

pytestmark = pytest.mark.usefixtures("export_made_before")

CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SMALL = RowSize(60, epochs=1, resolution=32)
TABLE = (
    PublishedRow("cifar10", "a CNN", 0.99, "cnn-small", SMALL),
    PublishedRow("cifar10", "a large network", 0.924, "unavailable", SMALL),
    PublishedRow("cifar10", "", None, "frozen:cnn-small", RowSize(None), goal=0.01),
    PublishedRow("cifar100", "another CNN", 0.598, "cnn-small", SMALL),
)


@pytest.fixture(scope="module")
def cifar10(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten classes of pictures by the names of CIFAR-10."""
    return write_pictures(tmp_path_factory.mktemp("data"), 8, CIFAR10)


@pytest.fixture
def reproduce(tmp_path: Path, cifar10: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command on a small table, without CIFAR-100 and one network's weights; gives the rows of its JSON."""
    build = contenders.build

    def refuse(name: str, *arguments: Any, **more: Any) -> Any:
        if name == "unavailable":
            raise WeightsError("Its weights are not on this machine.")
        return build(name, *arguments, **more)

    def missing(name: str, _: Path) -> Any:
        raise DataError(f"torchvision could not download {name!r}.")

    monkeypatch.setattr(contenders, "build", refuse)
    monkeypatch.setattr(rows, "downloaded", missing)
    monkeypatch.setattr(command, "ROWS", TABLE)

    def run(*options: str) -> list[dict[str, Any]]:
        places = ["--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "out")]
        assert commands.run(app, "lab", ["reproduce", "--data", str(cifar10), *places, *options]) == 0
        written: list[dict[str, Any]] = json.loads((tmp_path / "out" / "reproduction.json").read_text())["rows"]
        return written

    return run


@pytest.mark.slow
def test_a_reduced_row_has_a_figure_and_is_not_held_against_what_was_published(reproduce: Any) -> None:
    row = reproduce("--reduced")[0]
    assert 0 <= row["ours"]["top1"]["value"] <= 1
    assert (row["whole"], row["met"], row["images"], row["epochs"]) == (False, None, 60, 1)


@pytest.mark.slow
def test_the_frozen_row_is_whole_even_where_the_others_are_reduced(reproduce: Any) -> None:
    row = reproduce("--reduced")[2]
    assert (row["whole"], row["met"], row["images"]) == (True, True, 80)


@pytest.mark.slow
def test_rows_that_can_t_be_run_have_a_reason_and_no_figure(reproduce: Any) -> None:
    _, weights, _, data = reproduce("--reduced")
    assert (weights["ours"], weights["not_run"]) == (None, "Its weights are not on this machine.")
    assert (data["ours"], data["not_run"]) == (None, "torchvision could not download 'cifar100'.")


@pytest.mark.slow
def test_the_table_shows_both_figures_and_why_a_row_was_not_run(
    reproduce: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    reproduce("--reduced")
    said = capsys.readouterr().out
    lines = [line for line in said.splitlines() if line.startswith("CIFAR-10 ")]
    assert "99 %" in lines[0]
    assert lines[0].endswith("reduced: 60 images, 1 epoch")
    assert lines[1].endswith("not run (1)")
    assert lines[2].endswith("whole, met: 80 images")
    assert "(1) Its weights are not on this machine." in said
    assert "Such figures are no reproduction" in said


@pytest.mark.slow
def test_without_a_gpu_whole_rows_that_train_are_not_run(reproduce: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    trained, _, frozen, _ = reproduce()
    assert trained["not_run"].startswith("The whole row needs a GPU")
    assert frozen["not_run"] is None


@pytest.mark.slow
def test_a_goal_that_is_not_reached_is_said_to_be_so(reproduce: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "ROWS", (replace(TABLE[2], goal=1.01),))
    assert reproduce("--reduced")[0]["met"] is False


def test_data_are_told_by_their_classes_whatever_their_name(cifar10: Path) -> None:
    assert {name: found.name for name, found in given([str(cifar10)]).items()} == {"cifar10": "CIFAR-10"}


def test_other_data_and_the_same_twice_are_refused(cifar10: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 classes of other images"):
        given([str(write_pictures(tmp_path / "shapes", 1))])
    with pytest.raises(DataError, match="holds CIFAR-10, as another"):
        given([str(cifar10)] * 2)
    with pytest.raises(DataError, match="no file or folder"):
        given([str(tmp_path / "nowhere")])


def test_data_that_can_t_be_downloaded_are_asked_for_by_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise DataError("There is no network.")

    monkeypatch.setattr("scripts.lab.sources.open_source", fail)
    with pytest.raises(DataError, match=r"There is no network\. .*--data PATH"):
        downloaded("cifar100", tmp_path)


def test_data_that_can_t_be_used_end_it_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.run(app, "lab", ["reproduce", "--data", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_the_table_is_that_of_the_issue() -> None:
    published = {(row.data, row.accuracy) for row in ROWS if row.accuracy is not None}
    assert published == {
        ("caltech101", 0.712), ("caltech101", 0.940), ("caltech101", 0.924),
        ("cifar10", 0.764), ("cifar10", 0.924), ("cifar10", 0.552), ("cifar10", 0.951),
        ("cifar100", 0.598), ("cifar100", 0.806), ("cifar100", 0.54),
    }  # fmt: skip
    assert {row.data for row in ROWS} == MARKS.keys()
    assert [row.reduced.images for row in ROWS if row.model == "frozen:efficientnet-lite0"] == [None]
