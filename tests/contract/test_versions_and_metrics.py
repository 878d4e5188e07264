"""`/versions`, what made a version, and `/metrics`."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from backend.queue.counters import Counters, RunOutcome
from tests.contract.service import PROJECT, VERSION, Service, stored_task
from tests.support.waiting import until


def samples(service: Service) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = service.client.get("/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_versions_are_listed_to_get_and_to_post(service: Service) -> None:
    answers = [
        service.client.get("/versions"),
        service.client.post("/versions"),
        service.client.get(f"/versions?project={PROJECT}"),
        service.client.get(f"/versions?project={PROJECT}.1700000000"),
        service.client.post("/versions", json={"project": f"{PROJECT}.1700000000"}),
    ]
    assert [answer.get_json() for answer in answers] == [{"versions": [VERSION]}] * 5


def test_another_project_has_no_versions(service: Service) -> None:
    assert service.client.get("/versions?project=8").get_json() == {"versions": []}


@pytest.mark.parametrize("asked", ["x", "-1", "1" * 30])
def test_what_is_no_project_number_is_refused(service: Service, asked: str) -> None:
    answer = service.client.get(f"/versions?project={asked}")
    assert (answer.status_code, asked in answer.get_json()["error"]) == (400, True)


@pytest.mark.parametrize("body", [[], 5, "x", {"other": 1}])
def test_a_body_that_names_no_project_lists_all(service: Service, body: Any) -> None:
    assert service.client.post("/versions", json=body).get_json() == {"versions": [VERSION]}


def test_what_made_a_version_is_told(service: Service) -> None:
    made = service.client.get(f"/api/projects/{PROJECT}/versions/{VERSION}").get_json()
    assert made["name"] == VERSION
    assert {"labels", "task_ids", "annotation_ids", "arm", "strategy", "settings", "metrics", "seconds"} <= set(made)


@pytest.mark.parametrize("name", ["nothing", "..", "%2e%2e%2f%2e%2e", "20260101-000000-001"])
def test_a_version_that_is_not_there_is_404(service: Service, name: str) -> None:
    assert service.client.get(f"/api/projects/{PROJECT}/versions/{name}").status_code == 404


def test_events_and_predictions_are_counted(service: Service) -> None:
    event, predicted = (
        ("label_loop_events_total", (("action", "TASKS_CREATED"),)),
        ("label_loop_predictions_answered_total", ()),
    )
    before = samples(service)
    service.client.post("/webhook", json={"action": "TASKS_CREATED", "project": {"id": 12}})
    service.predict([stored_task(1), stored_task(2)])
    after = samples(service)
    assert after[event] - before.get(event, 0) == 1
    assert after[predicted] - before[predicted] == 2


def test_an_action_that_nobody_has_heard_of_makes_no_series_of_its_own(service: Service) -> None:
    service.client.post("/webhook", json={"action": "made up", "project": {"id": 12}})
    assert "made up" not in service.client.get("/metrics").text


def test_the_workers_counters_and_the_active_version_are_shown(service: Service) -> None:
    done = Counters(runs={RunOutcome.PUBLISHED: 2}, seconds={"train": 1.5}, images=3, predictions=4)
    service.services.queue.count(done)
    wanted = {
        ("label_loop_runs_total", (("outcome", "published"),)): 2.0,
        ("label_loop_run_seconds_total", (("stage", "train"),)): 1.5,
        ("label_loop_images_embedded_total", ()): 3.0,
        ("label_loop_predictions_published_total", ()): 4.0,
        ("label_loop_active_version", (("project", str(PROJECT)), ("version", VERSION))): 1.0,
        ("label_loop_workers", ()): 0.0,
        ("label_loop_failed_jobs", ()): 0.0,
    }
    until(lambda: wanted.items() <= samples(service).items(), "the counters")
    assert ("label_loop_queue_depth", ()) in samples(service)
