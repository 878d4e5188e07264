"""The benchmark of fine-tuning on few labels, on a network and images that take a moment."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.finetune import train
from scripts.lab.benchmarks import few_labels
from scripts.lab.benchmarks.drawing import PhotoSample
from tests.unit.scripts.lab.comparison.compared import write_pictures


def run(pretrained: float, finetuned: float) -> dict[str, Any]:
    return {"pretrained": pretrained, "finetuned": finetuned, "seconds": 50.0, "epochs": 20}


def test_both_backbones_are_judged_by_their_heads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(few_labels, "NETWORK", "cnn-small:4-4-4:3-3-3")
    monkeypatch.setattr(few_labels, "SIDE", 16)
    monkeypatch.setattr(few_labels, "SAMPLE", PhotoSample(classes=3, images=12, fractions=(0.5, 0.25, 0.25)))
    monkeypatch.setattr(train, "FEW_LABELS", {"epochs": 2})
    few_labels.main(str(write_pictures(tmp_path / "pictures", 12)), str(tmp_path / "cache"), "0")
    measured = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert measured.keys() == {"pretrained", "finetuned", "seconds", "epochs"}
    assert all(0 <= measured[way] <= 1 for way in ("pretrained", "finetuned"))
    assert measured["epochs"] == 2


@pytest.mark.parametrize(("finetuned", "met"), [(0.75, True), (0.65, False)])
def test_that_something_is_gained_is_the_target(finetuned: float, met: bool) -> None:
    gained, *rest = few_labels.outcome([run(0.7, finetuned), run(0.7, finetuned)])["figures"]
    assert (gained.value, gained.met) == (pytest.approx(100 * (finetuned - 0.7)), met)
    assert all(figure.target is None for figure in rest)
