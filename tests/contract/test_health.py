"""`/health`: up at once, and one line for each thing that is missing."""

import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.label_studio.client import ProjectState
from backend.store.records.mirror import PulledTask
from tests.contract.service import MakeService, Service, settings_of
from tests.support.stack import RunningRedis, start_redis
from tests.support.waiting import until


def health(service: Service) -> dict[str, Any]:
    """The answer, once everything has been looked at."""

    def asked() -> dict[str, Any] | None:
        answer: dict[str, Any] = service.client.get("/health").get_json()
        return None if "[starting]" in "".join(answer["problems"]) else answer

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
    assert service.services.settings.label_studio_url in told(service, "Label Studio at")
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
    until(lambda: "Project 3: The label config has 0 Image tags." in str(health(service)["problems"]), "the line")


@pytest.mark.fault("S6")
def test_failing_runs_are_told_with_how_often_since_when_and_why(
    tmp_path: Path, redis_server: RunningRedis, make_service: MakeService
) -> None:
    service = make_service(settings_of(tmp_path, redis_server.url))
    project = service.services.project(3)
    service.services.mirror.record_state(project, ProjectState("squares", "<View/>", "", "", 0, 0, 0), None)
    for _ in range(2):
        service.services.queue.failing.note(project, "AttributeError: 'str' object has no attribute 'get'")
    detail = until(lambda: found(service, "runs-fail", "2 times in a row since 20"), "the failing runs")
    assert detail["project"] == 3
    assert "AttributeError: 'str' object has no attribute 'get'" in detail["message"]
    assert "worker's log" in detail["mend"]


@pytest.mark.fault("R6")
@pytest.mark.fault("S6")
def test_images_that_cannot_be_used_are_told_with_reasons_and_a_task(
    tmp_path: Path, redis_server: RunningRedis, make_service: MakeService
) -> None:
    service = make_service(settings_of(tmp_path, redis_server.url))
    mirror, project = service.services.mirror, service.services.project(3)
    mirror.record_state(project, ProjectState("squares", "<View/>", "", "", 0, 0, 0), None)
    now = datetime.now(UTC)
    mirror.apply(project, [PulledTask(number, f"/{number}", now, now, None) for number in range(1, 9)])
    dead = "http://nowhere.invalid/1.png: its host name is not known here. [unknown-host]"
    mirror.record_images(project, {1: "a hash"}, {2: "not an image: SVG", 5: "not an image", 6: dead})
    detail = until(lambda: found(service, "images-unusable"), "the images")
    assert "3 of 8 images can't be used" in detail["message"]
    assert "2 × it is no image of a format that is read" in detail["message"]
    assert "(task 2) [image-unreadable]" in detail["message"]
    assert "(task 6) [unknown-host]" in detail["message"]
    page = service.client.get("/metrics").text
    assert 'label_loop_images_unusable{cause="unknown-host",project="3"} 1.0' in page
    assert 'label_loop_problem{kind="images-unusable",project="3"} 1.0' in page


@pytest.mark.fault("S6")
def test_a_redis_without_memory_is_told_although_it_answers(tmp_path: Path, make_service: MakeService) -> None:
    full = start_redis(tmp_path / "redis")
    with full.client() as redis:
        redis.config_set("maxmemory", "1")
    try:
        assert "maxmemory" in told(make_service(settings_of(tmp_path / "data", full.url)), "Redis is out of memory")
    finally:
        full.process.stop()


@pytest.mark.fault("S6")
def test_what_was_set_aside_is_told(tmp_path: Path, redis_server: RunningRedis, make_service: MakeService) -> None:
    service = make_service(settings_of(tmp_path, redis_server.url))
    broken = service.services.settings.model_dir / "versions" / "3" / "head.safetensors"
    broken.parent.mkdir(parents=True)
    broken.write_text("garbage")
    service.services.quarantine.set_aside(broken, "HeaderTooLarge", lost="A version is gone.")
    assert "versions/3/head.safetensors" in until(lambda: found(service, "set-aside"), "the line")["message"]


@pytest.mark.fault("S6")
def test_health_answers_at_once_while_all_that_it_tells_of_hangs(tmp_path: Path, make_service: MakeService) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings = settings_of(tmp_path, f"redis://127.0.0.1:{port}", label_studio_url=f"http://127.0.0.1:{port}")
        service = make_service(settings)
        service.client.get("/health")
        started = time.monotonic()
        for _ in range(10):
            assert service.client.get("/health").status_code == 200
        # Ten of them take some milliseconds; a single one that waited would take two seconds.
        assert time.monotonic() - started < 2.0


def test_every_line_has_a_typed_record_with_a_code(service: Service) -> None:
    answer = health(service)
    assert {"no-worker", "label-studio"} <= {detail["kind"] for detail in answer["details"]}
    for detail in answer["details"]:
        assert set(detail) == {"kind", "level", "project", "message", "mend", "since"}
        listed = answer["problems"] if detail["level"] == "problem" else answer["notes"]
        assert any(line.endswith(f"[{detail['kind']}]") for line in listed)


def test_since_when_something_is_wrong_stays(service: Service) -> None:
    first = until(lambda: found(service, "no-worker"), "the line")
    service.web.problems()
    assert found(service, "no-worker") == first


def found(service: Service, kind: str, words: str = "") -> dict[str, Any] | None:
    """The typed record of that kind with these words, once it is there."""
    details: list[dict[str, Any]] = service.client.get("/health").get_json()["details"]
    return next((each for each in details if each["kind"] == kind and words in each["message"]), None)


def test_it_answers_head_requests_too(service: Service) -> None:
    assert service.client.head("/health").status_code == 200
