"""What a real Label Studio sends (see record.py) is answered as it needs it."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.label_studio.webhook import ACTIONS
from tests.contract.service import PROJECT, Service
from tests.support.waiting import until

PAYLOADS = Path(__file__).parent / "payloads" / "requests"
RECORDED: dict[str, Any] = {path.stem: json.loads(path.read_text()) for path in sorted(PAYLOADS.glob("*.json"))}
RECORDED_PROJECT = int(RECORDED["tasks-created"]["project"]["id"])
OTHERS = {name: body for name, body in RECORDED.items() if "action" not in body}
BARE = {name: body for name, body in RECORDED.items() if list(body) == ["action"]}
EVENTS = {name: body for name, body in RECORDED.items() if name not in OTHERS and name not in BARE}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_a_hint_for_its_project(service: Service, name: str) -> None:
    service.know(RECORDED_PROJECT)
    service.forget_hints()
    assert service.client.post("/webhook", json=EVENTS[name]).status_code == 200
    until(lambda: service.hinted(RECORDED_PROJECT), "a hint")


@pytest.mark.parametrize("name", BARE)
def test_an_event_without_payload_is_a_hint_for_every_project(service: Service, name: str) -> None:
    service.forget_hints()
    assert service.client.post("/webhook", json=BARE[name]).status_code == 200
    until(lambda: service.hinted(PROJECT), "a hint")


@pytest.mark.parametrize("name", [name for name in OTHERS if name.startswith("predict")])
def test_a_predict_request_gets_one_result_per_task(service: Service, name: str) -> None:
    answer = service.client.post("/predict", json=OTHERS[name])
    assert answer.status_code == 200
    assert len(answer.get_json()["results"]) == len(OTHERS[name]["tasks"])


def test_a_setup_request_gets_a_version(service: Service) -> None:
    answer = service.client.post("/setup", json=OTHERS["setup"])
    assert answer.get_json()["model_version"]


def test_every_kind_of_event_was_recorded() -> None:
    assert {body["action"] for body in EVENTS.values()} == ACTIONS


def test_nothing_recorded_names_a_machine_or_a_user() -> None:
    text = json.dumps(RECORDED)
    assert "127.0.0.1" not in text
    assert "localhost" not in text
    assert "/home/" not in text
    assert '"token": "token"' in text
