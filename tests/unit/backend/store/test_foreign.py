"""Which predictions are another model's, and how they come into the mirror."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import NotFoundError, RetryLaterError
from backend.label_studio import config
from backend.label_studio.client import LabelStudio, ProjectState
from backend.project import Project
from backend.store import database, foreign
from backend.store.mirror import Mirror
from backend.store.records.foreign import ForeignPrediction
from backend.store.records.mirror import PulledTask
from backend.store.versions import NO_VERSION
from scripts.stack.image_project import label_config
from tests.support.odd import ANYTHING, odd
from tests.unit.backend.store.test_pulled import LONG_AGO

LABELING = config.read(label_config(["red", "blue"]))
PROJECT = Project("http://label-studio.example", 7)
OURS = "20261128-194620-438"


def prediction(number: int, task: int, choice: str, version: str = "clip", **more: Any) -> dict[str, Any]:
    region = {"from_name": "choice", "to_name": "image", "type": "choices", "value": {"choices": [choice]}}
    return {"id": number, "task": task, "result": [region], "score": 0.7, "model_version": version, **more}


@dataclass
class Holding:
    """A Label Studio that holds these predictions, and counts how often they are listed."""

    held: list[dict[str, Any]] = field(default_factory=list)
    listed: int = 0
    is_old: bool = False
    is_broken: bool = False
    is_away: bool = False

    def whoami(self) -> None:
        if self.is_away:
            raise RetryLaterError("Label Studio does not answer.")

    def model_versions(self, _: int) -> dict[str, tuple[int, str]]:
        if self.is_old:
            raise NotFoundError("Label Studio has no such path (404).")
        names = {each["model_version"] for each in self.held}
        counts = {name: [each["id"] for each in self.held if each["model_version"] == name] for name in names}
        return {name: (len(numbers), str(max(numbers))) for name, numbers in counts.items()}

    def predictions_of(self, _: int, version: str) -> list[dict[str, Any]]:
        self.listed += 1
        if self.is_broken or self.is_away:
            raise RetryLaterError("Label Studio answers 500.")
        return [each for each in self.held if each["model_version"] == version]


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    url = f"sqlite:///{tmp_path / 'mirror.sqlite3'}"
    engine = database.connect(url)
    database.migrate(url, tmp_path / "lock")
    made = Mirror(engine)
    made.record_state(PROJECT, ProjectState("x", "", "", "", 0, 0, 0), None)
    made.apply(PROJECT, [PulledTask(task, "a.png", LONG_AGO, LONG_AGO, ()) for task in (1, 2, 3)])
    yield made
    engine.dispose()


@pytest.fixture(autouse=True)
def look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "LOOK_AGAIN", -foreign.LOOK_AGAIN)


def pull(mirror: Mirror, holding: Holding) -> dict[int, ForeignPrediction]:
    foreign.pull(PROJECT, LABELING, cast(LabelStudio, holding), mirror, {NO_VERSION, OURS})
    return mirror.foreign(PROJECT)


def test_a_list_that_label_studio_fails_to_give_costs_no_run_and_nothing_that_is_known(mirror: Mirror) -> None:
    holding = Holding([prediction(1, 1, "red")])
    before = pull(mirror, holding)
    holding.held.append(prediction(2, 2, "blue", "other"))
    holding.is_broken = True
    assert pull(mirror, holding) == before
    holding.is_broken = False
    assert pull(mirror, holding).keys() == {1, 2}


def test_a_label_studio_that_is_away_is_no_list_that_it_fails_to_give(mirror: Mirror) -> None:
    with pytest.raises(RetryLaterError):
        pull(mirror, Holding([prediction(1, 1, "red")], is_away=True))


@pytest.mark.parametrize("version", ["clip", "undefined", "", "20260101", "20250101-000000-000"])
def test_a_version_that_we_never_made_is_foreign(version: str, mirror: Mirror) -> None:
    assert pull(mirror, Holding([prediction(1, 1, "red", version)])).keys() == {1}


@pytest.mark.parametrize("version", [OURS, NO_VERSION])
def test_our_versions_are_not_foreign(version: str, mirror: Mirror) -> None:
    assert pull(mirror, Holding([prediction(1, 1, "red", version)])) == {}


def test_the_newest_foreign_prediction_of_each_task_is_kept(mirror: Mirror) -> None:
    held = [
        prediction(1, 1, "red"),
        prediction(3, 1, "blue", "sam"),
        prediction(2, 2, "red"),
        prediction(9, 2, "blue", OURS),
    ]
    found = pull(mirror, Holding(held))
    assert {task: (each.choice, each.confidence, each.model_version) for task, each in found.items()} == {
        1: ("blue", 0.7, "sam"),
        2: ("red", 0.7, "clip"),
    }


def test_predictions_are_listed_again_only_where_they_changed(mirror: Mirror) -> None:
    holding = Holding([prediction(1, 1, "red")])
    for _ in range(3):
        pull(mirror, holding)
    assert holding.listed == 1
    holding.held.append(prediction(2, 2, "red"))
    assert set(pull(mirror, holding)) == {1, 2}
    holding.held.clear()
    assert pull(mirror, holding) == {}


def test_the_longer_a_pull_takes_the_later_is_the_next(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "PAUSE", 1e9)
    holding = Holding([prediction(1, 1, "red")])
    pull(mirror, holding)
    holding.held.append(prediction(2, 2, "red"))
    assert set(pull(mirror, holding)) == {1}


def test_predictions_of_tasks_that_are_unknown_are_left_out(mirror: Mirror) -> None:
    assert set(pull(mirror, Holding([prediction(1, 1, "red"), prediction(2, 99, "red")]))) == {1}


def test_a_label_studio_that_cannot_say_whose_predictions_there_are_stops_nothing(mirror: Mirror) -> None:
    assert pull(mirror, Holding([prediction(1, 1, "red")], is_old=True)) == {}


@pytest.mark.parametrize(
    ("score", "confidence"), [(0.25, 0.25), (7, None), (None, None), (float("nan"), None), ("0.5", None), (True, None)]
)
def test_only_a_score_between_zero_and_one_is_a_confidence(score: object, confidence: float | None) -> None:
    read = foreign.read(prediction(1, 1, "red", score=score), LABELING)
    assert read is not None
    assert read.confidence == confidence


def test_the_regions_score_counts_where_the_prediction_has_none() -> None:
    made = prediction(1, 1, "red", score=None)
    made["result"][0]["score"] = 0.5
    read = foreign.read(made, LABELING)
    assert read is not None
    assert read.confidence == 0.5


@given(odd({"result": ANYTHING, "score": ANYTHING, "model_version": ANYTHING}))
def test_whatever_a_prediction_holds_it_is_read_or_left_out(listed: dict[str, Any]) -> None:
    read = foreign.read({"id": 1, "task": 1, **listed}, LABELING)
    assert read is None or isinstance(read.choice, str)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=3))
def test_the_first_confidence_that_is_said_is_taken(scores: list[float]) -> None:
    made = prediction(1, 1, "red", score=scores[0])
    read = foreign.read(made, LABELING)
    assert read is not None
    assert read.confidence == scores[0]
