"""The benchmark of the warm start, on a network and images that take a moment."""

import json
from pathlib import Path
from typing import Any

import pytest

from model.training.options import TrainingOptions
from scripts.lab.benchmarks import added_class, warm_start
from scripts.lab.benchmarks.drawing import PhotoSample, draw, photographs
from tests.unit.scripts.lab.comparison.compared import write_pictures

SIDE = 16
SAMPLE = PhotoSample(classes=3, images=12, fractions=(0.3, 0.1, 0.6))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(added_class, "NETWORK", "cnn-small:4-4-4:3-3-3")
    monkeypatch.setattr(added_class, "SIDE", SIDE)
    monkeypatch.setattr(warm_start, "SIDE", SIDE)
    monkeypatch.setattr(added_class, "SAMPLE", SAMPLE)
    monkeypatch.setattr(added_class, "OPTIONS", TrainingOptions(epochs=3))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pictures", 13)


def test_both_ways_are_trained_timed_and_tested(
    small: None, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warm_start.main(str(pictures), str(tmp_path / "cache"), "0")
    measured = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert measured.keys() == {"added", "before", "anew", "warm"}
    assert (measured["anew"]["epochs"], measured["warm"]["epochs"]) == (3, 2)
    for way in ("anew", "warm"):
        assert 0 <= measured[way]["old"] <= 1
        assert measured[way]["seconds"] > 0


def test_the_network_of_before_has_seen_neither_the_added_class_nor_a_test_image(
    pictures: Path, tmp_path: Path
) -> None:
    drawn = draw(photographs(pictures, tmp_path / "cache", SIDE), SAMPLE, 0)
    before, added = added_class.before(drawn), added_class.is_added(drawn)
    assert before.classes == drawn.classes[:-1]
    assert set(before.labels) == {0, 1}
    for name, rows in vars(before.split).items():
        assert set(rows) == {row for row in vars(drawn.split)[name] if not added[row]}


def run(anew: float, warm: float, seconds: float) -> dict[str, Any]:
    return {
        "anew": {"old": anew, "new": 1.0, "seconds": 100.0, "epochs": 12},
        "warm": {"old": warm, "new": 0.9, "seconds": seconds, "epochs": 4},
    }


@pytest.mark.parametrize(("warm", "seconds", "met"), [(0.95, 20.0, [True, True]), (0.93, 40.0, [False, False])])
def test_a_point_and_a_third_of_the_time_are_the_targets(warm: float, seconds: float, met: list[bool]) -> None:
    figures = warm_start.outcome([run(0.95, warm, seconds), run(0.955, warm + 0.005, seconds)])["figures"]
    assert [figure.met for figure in figures if figure.target is not None] == met


def test_the_interval_is_of_the_differences_between_the_runs() -> None:
    lost = warm_start.outcome([run(0.90, 0.89, 9.0), run(0.99, 0.98, 9.0)])["details"]["lost_points"]
    assert (lost["low"], lost["high"]) == pytest.approx((1.0, 1.0))
