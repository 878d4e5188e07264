"""Which projects get work by being named: those that Label Studio has, and whose label config can be served."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from backend.label_studio.client import ProjectState
from tests.contract.service import CONFIG, MakeService, Service, settings_of
from tests.support.stack import RunningRedis
from tests.support.waiting import until

pytestmark = pytest.mark.integration

HAS = {11, 13}
REFUSED = 21
REFUSED_CONFIG = CONFIG.replace('choice="single"', 'choice="multiple"')
NAMED = {
    "setup": ("/setup", lambda number: {"project": f"{number}.1700000000", "schema": CONFIG}),
    "event": ("/webhook", lambda number: {"action": "ANNOTATION_CREATED", "project": {"id": number}}),
}


class SmallLabelStudio(ThreadingHTTPServer):
    """Has a few projects, and counts how often it is asked for which there are."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: SmallLabelStudio

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        found: dict[str, object] = {}
        if asked.path == "/api/projects":
            self.server.asked += 1
            wanted = {int(number) for number in parse_qs(asked.query)["ids"][0].split(",")}
            found = {"results": [{"id": number} for number in wanted & HAS]}
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def small_label_studio() -> Iterator[SmallLabelStudio]:
    server = SmallLabelStudio()
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def service(
    small_label_studio: SmallLabelStudio, tmp_path: Path, redis_server: RunningRedis, make_service: MakeService
) -> Service:
    """One that knows a single project, whose label config it refuses."""
    small_label_studio.asked = 0
    made = make_service(settings_of(tmp_path, redis_server.url, label_studio_url=small_label_studio.url))
    project = made.services.project(REFUSED)
    made.services.mirror.record_state(project, ProjectState("test", REFUSED_CONFIG, "", "", 0, 0, 0), "refused")
    until(lambda: REFUSED in made.web.status.projects, "the project to be known")
    made.forget_hints()
    return made


@pytest.mark.parametrize("how", NAMED)
def test_a_project_that_label_studio_has_gets_its_first_run(service: Service, how: str) -> None:
    path, body = NAMED[how]
    assert service.client.post(path, json=body(11)).status_code == 200
    until(lambda: service.hinted(11), "a hint")


@pytest.mark.fault("S14")
@pytest.mark.parametrize("how", NAMED)
def test_numbers_that_somebody_made_up_get_no_run_and_cost_a_call_or_two(
    service: Service, small_label_studio: SmallLabelStudio, how: str
) -> None:
    path, body = NAMED[how]
    for number in [*range(1_000, 1_300), 13]:
        assert service.client.post(path, json=body(number)).status_code == 200
    until(lambda: service.hinted(13), "the one that Label Studio has")
    assert service.services.queue.dirty_projects() == [13]
    assert small_label_studio.asked <= 5


@pytest.mark.fault("S14")
def test_what_label_studio_did_not_have_is_remembered_for_a_while(
    service: Service, small_label_studio: SmallLabelStudio
) -> None:
    path, body = NAMED["event"]
    service.client.post(path, json=body(2_000))
    until(lambda: small_label_studio.asked, "Label Studio to be asked")
    for _ in range(50):
        service.client.post(path, json=body(2_000))
    service.client.post(path, json=body(11))
    until(lambda: service.hinted(11), "a hint")
    assert small_label_studio.asked == 2


@pytest.mark.fault("R3")
def test_a_refused_project_gets_no_run_by_being_looked_at_or_labelled(service: Service) -> None:
    for _ in range(5):
        service.client.post("/setup", json={"project": f"{REFUSED}.1", "schema": REFUSED_CONFIG})
        service.client.post("/webhook", json={"action": "ANNOTATION_CREATED", "project": {"id": REFUSED}})
        service.client.post("/webhook", json={"action": "TASKS_CREATED"})
    time.sleep(0.3)
    assert not service.hinted(REFUSED)


@pytest.mark.parametrize("how", ["setup", "event"])
def test_a_refused_project_is_looked_at_as_soon_as_its_label_config_changes(service: Service, how: str) -> None:
    if how == "setup":
        service.client.post("/setup", json={"project": f"{REFUSED}.1", "schema": CONFIG})
    else:
        project = {"id": REFUSED, "label_config": CONFIG}
        service.client.post("/webhook", json={"action": "PROJECT_UPDATED", "project": project})
    until(lambda: service.hinted(REFUSED), "a hint")
