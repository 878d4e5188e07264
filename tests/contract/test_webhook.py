"""`/webhook`: every event is a hint, answered at once; what is no event gets one sentence."""

import statistics
import time
from pathlib import Path
from typing import Any

import pytest

from backend.label_studio.webhook import ACTIONS
from tests.contract.service import CONFIG, PROJECT, MakeService, Service, settings_of
from tests.support.waiting import until

DEADLINE_SECONDS = 0.05
SETTLED_SECONDS = 0.3


def send(service: Service, body: Any) -> None:
    answer = service.client.post("/webhook", json=body)
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("action", sorted(ACTIONS - {"PROJECT_UPDATED"}))
def test_every_event_with_its_payload_is_a_hint(service: Service, action: str) -> None:
    service.forget_hints()
    send(service, {"action": action, "project": {"id": PROJECT, "label_config": CONFIG}, "task": {"id": 1}})
    until(lambda: service.hinted(PROJECT), "a hint")


@pytest.mark.parametrize("action", sorted(ACTIONS - {"PROJECT_UPDATED"}))
def test_every_event_without_payload_is_a_hint_for_the_projects_at_work(service: Service, action: str) -> None:
    service.forget_hints()
    send(service, {"action": action})
    until(lambda: service.hinted(PROJECT), "a hint")


def test_an_event_that_nobody_has_heard_of_is_a_hint_too(service: Service) -> None:
    service.forget_hints()
    send(service, {"action": "ANNOTATION_ADMIRED", "project": {"id": PROJECT}})
    until(lambda: service.hinted(PROJECT), "a hint")


def test_our_own_switch_of_the_version_is_no_hint(service: Service) -> None:
    service.forget_hints()
    send(service, {"action": "PROJECT_UPDATED", "project": {"id": PROJECT, "label_config": CONFIG}})
    send(service, {"action": "PROJECT_UPDATED"})
    time.sleep(SETTLED_SECONDS)
    assert not service.hinted(PROJECT)


def test_a_changed_label_config_is_a_hint(service: Service) -> None:
    service.forget_hints()
    changed = CONFIG.replace("square", "triangle")
    send(service, {"action": "PROJECT_UPDATED", "project": {"id": PROJECT, "label_config": changed}})
    until(lambda: service.hinted(PROJECT), "a hint")


def test_the_button_start_training_is_a_hint(service: Service) -> None:
    service.forget_hints()
    send(service, {"action": "START_TRAINING", "project": {"id": PROJECT, "label_config": CONFIG}})
    until(lambda: service.hinted(PROJECT), "a hint")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        5,
        "event",
        {},
        {"action": ""},
        {"action": 5, "project": {"id": 1}},
        {"project": {"id": 1}},
        {"action": "TASKS_CREATED", "project": None},
        {"action": "TASKS_CREATED", "project": {}},
        {"action": "TASKS_CREATED", "project": {"id": None}},
        {"action": "TASKS_CREATED", "project": {"id": "x"}},
        {"action": "TASKS_CREATED", "project": {"id": -1}},
        {"action": "TASKS_CREATED", "project": {"id": True}},
        {"action": "TASKS_CREATED", "project": {"id": 10**20}},
        {"action": "TASKS_CREATED", "project": [7]},
        {"action": "TASKS_CREATED", "project": {"id": "9" * 5_000}},
    ],
)
def test_what_is_no_event_is_refused_in_one_sentence(service: Service, body: Any) -> None:
    answer = service.client.post("/webhook", json=body)
    assert answer.status_code == 400
    assert answer.get_json()["error"].count("\n") == 0


def test_text_that_is_no_json_is_refused(service: Service) -> None:
    answer = service.client.post("/webhook", data=b"\xff", content_type="application/json")
    assert answer.status_code == 400


def test_it_answers_at_once_while_redis_is_away(tmp_path: Path, make_service: MakeService) -> None:
    service = make_service(settings_of(tmp_path, "redis://127.0.0.1:9/0"))
    seconds = []
    for number in range(1, 41):
        started = time.monotonic()
        send(service, {"action": "ANNOTATION_CREATED", "project": {"id": number}})
        seconds.append(time.monotonic() - started)
    assert statistics.median(seconds) < DEADLINE_SECONDS
