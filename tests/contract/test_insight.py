"""A version's second stage as the web process shows it: figures, gauges, and the served head's predictions."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend.label_studio.client import ProjectState
from backend.queue.counters import Counters, SecondStageOutcome
from backend.store.records.insight import Calibration, Insight, StopAdvice
from backend.store.records.version import ServedFigures
from model.head.evaluation import Estimate
from model.insight.results import AccuracyNow, FurtherLabels, LabelsSaved, Range
from tests.contract.service import CONFIG, PROJECT, STORED, VERSION, Service, settings_of, start_trained, stored_task
from tests.contract.test_versions_and_metrics import samples
from tests.support.stack import RunningRedis
from tests.support.waiting import until

EMPTY_PROJECT, UNKNOWN_PROJECT = 8, 99
INSIGHT = Insight(
    made_at="2026-01-01T00:00:00+00:00",
    labels=80,
    holdout_labels=40,
    accuracy=AccuracyNow(40, "", Estimate(0.75, 0.5, 0.875), {}),
    calibration=Calibration(40, True, 30, 1.5, None, ""),
    labels_saved=LabelsSaved(40, 80, Range(110, None, None), Range(30, None, None), "at least 110 random labels"),
    stop_adviser=StopAdvice(40, 80, (FurtherLabels(100, None, 0.5, ""),), 18.0, 50, ""),
)
TASKS = [stored_task(number) for number in range(1, STORED + 1)]


@pytest.fixture(scope="module")
def finished(
    backbones: Path, redis_server: RunningRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Its version got a second stage after it had answered: a head that takes each class for the other."""
    service = start_trained(settings_of(tmp_path_factory.mktemp("finished"), redis_server.url), backbones)
    service.predict(TASKS)
    project = service.services.project(PROJECT)
    version = service.services.versions.load(project, VERSION)
    assert version.head is not None
    served = replace(version.head, weights=-version.head.weights, bias=-version.head.bias)
    service.services.versions.add_second_stage(project, version, served, INSIGHT)
    service.services.versions.add_served_figures(project, VERSION, ServedFigures(INSIGHT.accuracy.accuracy, None))
    empty = service.services.project(EMPTY_PROJECT)
    service.services.mirror.record_state(empty, ProjectState("empty", CONFIG, "", "", 0, 0, 0), None)
    yield service
    service.stop()


def choices(service: Service) -> list[str]:
    return [answer["result"][0]["value"]["choices"][0] for answer in service.predict(TASKS)]


def test_a_served_head_that_arrives_later_is_noticed(service: Service, finished: Service) -> None:
    quick = choices(service)
    assert set(quick) == {"circle", "square"}
    assert choices(finished) == [{"circle": "square", "square": "circle"}[choice] for choice in quick]


def test_the_figures_name_their_version_and_stand_beside_the_history(finished: Service) -> None:
    told = finished.client.get(f"/api/projects/{PROJECT}/insight").get_json()
    assert told.items() >= INSIGHT.to_json().items()
    assert (told["project"], told["version"], told["active_version"], told["note"]) == (PROJECT, VERSION, VERSION, "")
    assert [(each["version"], each["active"]) for each in told["history"]] == [(VERSION, True)]
    assert told["history"][0]["served"] == {"accuracy": told["accuracy"]["accuracy"], "calibration_error": None}


def test_before_the_second_stage_the_answer_says_so(service: Service) -> None:
    told = service.client.get(f"/api/projects/{PROJECT}/insight").get_json()
    assert (told["version"], told["active_version"], told["accuracy"]) == (None, VERSION, None)
    assert "follow" in told["note"]


def test_a_project_without_a_version_says_so(finished: Service) -> None:
    told = finished.client.get(f"/api/projects/{EMPTY_PROJECT}/insight").get_json()
    assert (told["version"], told["active_version"], told["history"]) == (None, None, [])
    assert "no version yet" in told["note"]


def test_a_project_that_nobody_connected_is_404(finished: Service) -> None:
    answer = finished.client.get(f"/api/projects/{UNKNOWN_PROJECT}/insight")
    assert (answer.status_code, str(UNKNOWN_PROJECT) in answer.get_json()["error"]) == (404, True)


def test_known_figures_are_gauges_and_unknown_ones_are_none(finished: Service) -> None:
    project = (("project", str(PROJECT)),)
    wanted = {
        ("label_loop_labels", project): 80.0,
        ("label_loop_arm_labels", project): 40.0,
        ("label_loop_accuracy", project): 0.75,
        ("label_loop_accuracy_low", project): 0.5,
        ("label_loop_accuracy_high", project): 0.875,
        ("label_loop_labels_saved_low", project): 30.0,
    }
    until(lambda: wanted.items() <= samples(finished).items(), "the gauges")
    unknown = {"label_loop_labels_saved", "label_loop_calibration_error"}
    assert not unknown & {name for name, _ in samples(finished)}


def test_second_stages_are_counted(finished: Service) -> None:
    finished.services.queue.count(Counters(second_stages={SecondStageOutcome.GIVEN_UP: 3}))
    wanted = {("label_loop_second_stages_total", (("outcome", "given_up"),)): 3.0}
    until(lambda: wanted.items() <= samples(finished).items(), "the counter")
