"""`/api/projects/<id>/finetune`: requests are kept, or refused with a reason. Who else may ask."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from backend.queue.keys import SignOfLife
from backend.store.labels import Annotation
from backend.store.records.finetuning import FinetunePhase
from backend.store.records.mirror import PulledTask
from backend.web.upkeep.reconciler import Reconciler
from tests.contract.service import CONFIG, PROJECT, Service, settings_of, start_trained
from tests.support.stack import RunningRedis
from tests.support.waiting import until

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATH = f"/api/projects/{PROJECT}/finetune"


@pytest.fixture
def fresh(backbones: Path, redis_server: RunningRedis, tmp_path: Path) -> Iterator[Service]:
    """A service of the test's own, that is never polled meanwhile."""
    settings = settings_of(
        tmp_path, redis_server.url, finetune_on_start_training=True, finetune="doubled", finetune_labels=1
    )
    made = start_trained(settings, backbones)
    yield made
    made.stop()


def ask(service: Service, **body: Any) -> TestResponse:
    return service.client.post(PATH, json=body)


def status(service: Service) -> dict[str, Any]:
    answer: dict[str, Any] = service.client.get(PATH).get_json()
    return answer


def test_a_project_that_was_never_finetuned_says_so(fresh: Service) -> None:
    told = status(fresh)
    assert (told["phase"], told["working"]) == ("none", False)
    assert told["used"] == fresh.services.backbones.base.version


def test_a_request_waits_for_a_training_worker_and_health_says_so(fresh: Service) -> None:
    answer = ask(fresh, action="start", network="resnet50", options={"epochs": 3})
    assert answer.status_code == 202
    told = status(fresh)
    assert (told["phase"], told["working"], told["training_workers"]) == ("waiting", True, [])
    assert told["wish"] == {"network": "resnet50", "fresh": False, "options": {"epochs": 3}, "trigger": "hand"}
    until(lambda: "no training worker is running" in str(fresh.client.get("/health").get_json()["problems"]), "a line")


def test_a_second_request_is_refused_and_one_that_waits_can_be_cancelled(fresh: Service) -> None:
    ask(fresh, action="start")
    refused = ask(fresh, action="start")
    assert refused.status_code == 409
    assert "under way already (waiting)" in refused.get_json()["error"]
    assert ask(fresh, action="cancel").status_code == 202
    assert status(fresh)["phase"] == "cancelled"
    assert ask(fresh, action="start").status_code == 202


@pytest.mark.parametrize("action", ["cancel", "undo"])
def test_what_is_not_there_can_be_neither_ended_nor_taken_back(fresh: Service, action: str) -> None:
    assert ask(fresh, action=action).status_code == 409


@pytest.mark.parametrize(
    "body", [{"action": "begin"}, {}, {"action": "start", "epochs": 3}, {"action": "start", "options": 3}]
)
def test_a_malformed_request_is_the_callers_fault(fresh: Service, body: dict[str, Any]) -> None:
    answer = ask(fresh, **body)
    assert answer.status_code == 400
    assert "malformed at" in answer.get_json()["error"]


def test_a_project_that_nobody_connected_is_not_found(fresh: Service) -> None:
    assert fresh.client.get("/api/projects/99/finetune").status_code == 404


def test_start_training_begins_one_where_the_setting_says_so(fresh: Service) -> None:
    until(lambda: fresh.version() != "label-loop", "the project to be known")
    event = {"action": "START_TRAINING", "project": {"id": PROJECT, "label_config": CONFIG}}
    for _ in range(2):
        assert fresh.client.post("/webhook", json=event).status_code == 200
    (state,) = fresh.services.finetunings.all(fresh.services.project(PROJECT))
    assert (state.phase, state.request.trigger) == (FinetunePhase.WAITING, "START_TRAINING")


@pytest.mark.parametrize(("device", "begun"), [("cpu", False), ("cuda:0", True)])
def test_the_policy_begins_one_only_where_a_gpu_is_there_for_it(fresh: Service, device: str, begun: bool) -> None:
    services = fresh.services
    project = services.project(PROJECT)
    services.queue.redis.set(services.queue.keys.sign_of_life(SignOfLife.TRAINING, "somebody"), device, ex=60)
    answer = Annotation(1, 1, "circle", False, False, 1, NOW, NOW)
    services.mirror.apply(project, [PulledTask(1, "", NOW, NOW, (answer,))])
    Reconciler(services).step()
    assert bool(services.finetunings.all(project)) is begun
