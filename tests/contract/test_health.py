"""`/health`: up at once, and one line for each thing that is missing."""

import time
from pathlib import Path
from typing import Any

from backend.label_studio.client import ProjectState
from tests.contract.service import MakeService, Service, settings_of
from tests.support.stack import RunningRedis
from tests.support.waiting import until


def health(service: Service) -> dict[str, Any]:
    """The answer, once everything has been looked at."""

    def asked() -> dict[str, Any] | None:
        answer: dict[str, Any] = service.client.get("/health").get_json()
        return None if answer["problems"] == ["Starting: nothing has been checked yet."] else answer

    return until(asked, "the first look at everything")


def told(service: Service, words: str) -> str:
    """The one problem that has these words."""
    (line,) = [line for line in health(service)["problems"] if words in line]
    assert "\n" not in line
    return str(line)


def test_it_is_up_before_anything_was_checked(
    tmp_path: Path, redis_server: RunningRedis, make_service: MakeService
) -> None:
    service = make_service(settings_of(tmp_path, redis_server.url))
    started = time.monotonic()
    answer = service.client.get("/health")
    assert time.monotonic() - started < 10.0  # A check may take longer.
    assert (answer.status_code, answer.get_json()["status"]) == (200, "UP")


def test_a_missing_worker_is_told_with_the_command_that_starts_one(service: Service) -> None:
    assert "python -m backend.worker" in told(service, "No worker")


def test_a_label_studio_that_does_not_answer_is_told_with_its_address(service: Service) -> None:
    assert service.services.settings.label_studio_url in told(service, "does not answer")
    assert health(service)["label_studio"]["reachable"] is False


def test_a_redis_that_does_not_answer_is_told_with_the_setting(tmp_path: Path, make_service: MakeService) -> None:
    service = make_service(settings_of(tmp_path, "redis://127.0.0.1:9/0"))
    assert "REDIS_URL" in told(service, "Redis does not answer")


def test_a_backbone_that_is_not_exported_is_told(
    tmp_path: Path, redis_server: RunningRedis, make_service: MakeService
) -> None:
    told(make_service(settings_of(tmp_path, redis_server.url)), "not exported")


def test_a_label_config_that_is_not_supported_is_told_with_its_project(
    tmp_path: Path, redis_server: RunningRedis, make_service: MakeService
) -> None:
    service = make_service(settings_of(tmp_path, redis_server.url))
    state = ProjectState("boxes", "<View/>", "", "", 0, 0, 0)
    service.services.mirror.record_state(service.services.project(3), state, "The label config has 0 Image tags.")
    until(lambda: "Project 3: The label config has 0 Image tags." in health(service)["problems"], "the line")


def test_it_answers_head_requests_too(service: Service) -> None:
    assert service.client.head("/health").status_code == 200
