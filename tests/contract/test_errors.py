"""What a caller is told when something goes wrong: one sentence, as JSON, and no word of the code."""

import json
from pathlib import Path

import pytest

from backend.label_studio.client import ProjectState
from tests.contract.service import CONFIG, PROJECT, MakeService, Service, settings_of
from tests.support.stack import RunningRedis

pytestmark = pytest.mark.integration

PATH = f"/api/projects/{PROJECT}"


@pytest.fixture
def service(tmp_path: Path, redis_server: RunningRedis, make_service: MakeService) -> Service:
    """One whose backbone nobody has exported, and that knows a project."""
    made = make_service(settings_of(tmp_path, redis_server.url, backbone="resnet18"))
    project = made.services.project(PROJECT)
    made.services.mirror.record_state(project, ProjectState("test", CONFIG, "", "", 0, 0, 0), None)
    return made


def test_what_time_can_mend_is_told_as_unavailable(service: Service) -> None:
    answer = service.client.get(f"{PATH}/finetune")
    assert answer.status_code == 503
    assert answer.get_json()["error"].startswith("The backbone resnet18 is not exported yet")


def test_what_nobody_foresaw_is_in_the_log_and_not_in_the_answer(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.app.add_url_rule("/unforeseen", view_func=lambda: json.loads("{"))
    answer = service.client.get("/unforeseen")
    assert answer.status_code == 500
    assert answer.get_json() == {"error": "Something unexpected went wrong; the backend's log says what."}
    assert "JSONDecodeError" in caplog.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/predict", 405)])
def test_a_route_that_is_not_there_is_told_in_a_sentence(service: Service, method: str, path: str, status: int) -> None:
    answer = service.client.open(path, method=method)
    assert answer.status_code == status
    assert "\n" not in answer.get_json()["error"]
