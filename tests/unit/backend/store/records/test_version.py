"""Records of versions: written as they always were, read whoever wrote them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.store.labels import Label
from backend.store.records.version import (
    RecordedLabel,
    RecordedSettings,
    Rejection,
    ServedFigures,
    VersionFigures,
    VersionRecord,
    changed_labels,
)
from model.head.evaluation import Estimate
from tests.support.records import recorded_settings

ESTIMATE = {"value": 0.75, "low": 0.5, "high": 0.875}
SETTINGS = {
    "code": "0.1.0",
    "backbone": "b1",
    "classes": ["猫", "dog"],
    "seed": 0,
    "arm_share": 0.1,
    "strategy": "auto",
    "near_duplicate": 0.95,
    "foreign": "",
}
RECORD: dict[str, Any] = {
    "labels": [[3, "猫", [1, 2], "2026-01-01T00:00:00+00:00"], [4, "dog", [5], "2026-01-02T00:00:00.250000+00:00"]],
    "settings": SETTINGS,
    "strategy": "margin",
    "evaluation": {
        "n": 2,
        "note": "",
        "accuracy": ESTIMATE,
        "top5": ESTIMATE,
        "log_loss": None,
        "ece": ESTIMATE,
        "per_class": {"猫": {"count": 2, "predicted": 0, "recall": ESTIMATE, "precision": None}},
    },
    "out_of_fold": [[3, "dog"], [4, "dog"]],
    "origin": "20260101-000000-000",
    "promotion": {"blocked": True, "p": 0.001, "n": 30, "lost": 12, "won": 0, "text": "worse beyond chance"},
    "audit": [9, 7],
    "foreign": {"blocked": False, "p": 0.02, "n": 20, "lost": 1, "won": 7, "text": "our head is used"},
    "seconds": {"seconds:train": 0.5, "images": 3},
    "has_head": True,
}
SINCE_REJECTION = ("out_of_fold", "origin", "promotion", "audit", "foreign", "has_head")
"""Keys that releases before rejection and auto-labelling did not write."""

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_record_is_written_with_the_keys_that_it_was_read_with() -> None:
    written = VersionRecord.from_json(RECORD).to_json()
    assert json.dumps(written) == json.dumps(RECORD)


def test_a_record_says_what_made_the_version() -> None:
    record = VersionRecord.from_json(RECORD)
    assert record.labels[0] == RecordedLabel(3, "猫", (1, 2), "2026-01-01T00:00:00+00:00")
    assert record.settings.holdout_share == 0.1
    assert record.evaluation is not None and record.evaluation.per_class["猫"].recall == Estimate(0.75, 0.5, 0.875)
    assert record.promotion is not None and record.promotion.blocked


def test_a_record_of_before_rejection_is_read() -> None:
    older = {key: value for key, value in RECORD.items() if key not in SINCE_REJECTION}
    record = VersionRecord.from_json(older)
    assert (record.out_of_fold, record.origin, record.promotion, record.audit) == ((), "", None, ())


def test_settings_that_were_read_equal_those_of_today() -> None:
    assert RecordedSettings.from_json(json.loads(json.dumps(recorded_settings().to_json()))) == recorded_settings()
    assert RecordedSettings.from_json(SETTINGS) == RecordedSettings("0.1.0", "b1", ("猫", "dog"), 0, 0.1, "auto", 0.95)


@pytest.mark.parametrize("key", ["backbone", "classes", "seed", "arm_share", "strategy", "near_duplicate"])
def test_another_setting_is_another(key: str) -> None:
    other = {"classes": ["猫"], "backbone": "b2", "strategy": "margin"}.get(key, 1)
    assert RecordedSettings.from_json({**SETTINGS, key: other}) != RecordedSettings.from_json(SETTINGS)


def test_settings_of_before_near_duplicates_are_other_ones() -> None:
    older = {key: value for key, value in SETTINGS.items() if key != "near_duplicate"}
    assert RecordedSettings.from_json(older) != RecordedSettings.from_json(SETTINGS)


def label(task: int, choice: str = "cat") -> Label:
    return Label(task, choice, (task,), MOMENT, MOMENT)


def test_a_label_that_is_new_another_one_or_gone_is_changed() -> None:
    recorded = [RecordedLabel.of(label(task)) for task in (1, 2, 3, 4)]
    later = replace(label(3), updated_at=MOMENT + timedelta(hours=1))
    assert changed_labels(recorded, {1: label(1), 2: label(2, "dog"), 3: later, 5: label(5)}) == {2, 3, 4, 5}


def test_the_figures_of_the_history_keep_their_keys() -> None:
    figures = VersionFigures(
        labels=40,
        holdout_labels=30,
        accuracy=Estimate(0.75, 0.5, 0.875),
        rejection=Rejection(origin="v1", reason="worse"),
        served=ServedFigures(accuracy=None, calibration_error=Estimate(0.75, 0.5, 0.875)),
    )
    written = {
        "labels": 40,
        "arm_labels": 30,
        "accuracy": ESTIMATE,
        "kept_back": {"than": "v1", "why": "worse"},
        "served": {"accuracy": None, "calibration_error": ESTIMATE},
    }
    assert figures.to_json() == written
    assert VersionFigures.from_json(written) == figures


def test_a_version_that_is_older_than_its_history_has_no_figures() -> None:
    assert VersionFigures.from_json({}) == VersionFigures(None, None, None, None, None)
