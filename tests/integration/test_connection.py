"""Attaching and detaching on a real Label Studio.

The backend is a remote process to this code: a small HTTP server stands in for it where a test needs it to refuse,
to be away, or to show what it was sent.
"""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import Json, LabelStudioApi
from scripts.cli.connection.attach import attach
from scripts.cli.connection.checks import everything
from scripts.cli.connection.detach import detach
from scripts.cli.connection.findings import Finding, Level, has_errors
from tests.support.label_studio import RunningLabelStudio
from tests.support.waiting import until

LABEL_CONFIG = """<View><Image name="image" value="$image"/>
<Choices name="choice" toName="image" choice="single"><Choice value="a"/><Choice value="b"/></Choices></View>"""
ONE_PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"  # the smallest GIF


class StandIn(ThreadingHTTPServer):
    """Answers /health, /setup, /versions and /webhook, and keeps the headers and bodies of the events."""

    def __init__(self, basic_auth: tuple[str, str] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        encoded = base64.b64encode(":".join(basic_auth).encode()).decode() if basic_auth else ""
        self.asks_for = f"Basic {encoded}" if basic_auth else None
        self.events: list[tuple[dict[str, str], Json]] = []
        self.health: Json = {"status": "UP", "label_studio": {"reachable": True, "error": None}}
        self.versions: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_GET(self) -> None:
        self._answer(self.server.health if self.path == "/health" else {"versions": self.server.versions})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/webhook":
            self.server.events.append((dict(self.headers), body))
        self._answer({"model_version": "v1"})

    def _answer(self, body: Json) -> None:
        known = self.path in ("/health", "/webhook") or self.server.asks_for in (None, self.headers["Authorization"])
        content = json.dumps(body).encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""


def serve(server: StandIn) -> Iterator[StandIn]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def remote() -> Iterator[StandIn]:
    yield from serve(StandIn())


@pytest.fixture
def guarded() -> Iterator[StandIn]:
    yield from serve(StandIn(("user", "pass")))


@pytest.fixture
def api(label_studio: RunningLabelStudio) -> LabelStudioApi:
    return LabelStudioApi(label_studio.url, label_studio.token)


@pytest.fixture
def project(api: LabelStudioApi) -> Iterator[int]:
    made = api.send_object("POST", "/api/projects/", {"title": "connection", "label_config": LABEL_CONFIG})
    yield int(made["id"])
    api.delete(f"/api/projects/{made['id']}/")


def add_task(api: LabelStudioApi, project: int, image: str) -> None:
    api.send_object("POST", f"/api/projects/{project}/import", [{"image": image}])


def told(findings: list[Finding], level: Level) -> str:
    return "\n".join(f"{finding.what} {finding.mend}" for finding in findings if finding.level is level)


def test_attaching_makes_a_connection_a_webhook_and_uncertainty_sampling(
    api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path
) -> None:
    findings = attach(api, project, BackendAddress(remote.url, webhook_secret="s"), tmp_path)
    assert not has_errors(findings)
    assert [(link["url"], link["state"]) for link in api.connections(project)] == [(remote.url, "CO")]
    (hook,) = api.webhooks(project)
    assert (hook["url"], hook["headers"]) == (f"{remote.url}/webhook", {"X-Label-Loop-Secret": "s"})
    assert api.project(project)["sampling"] == "Uncertainty sampling"


def connected(api: LabelStudioApi, project: int, remote: StandIn) -> Json:
    """A connection that Label Studio itself made, with its webhook: it makes none where it waited over a second."""

    def connect() -> Json | None:
        made: Json = api.send_object("POST", "/api/ml", {"url": remote.url, "project": project, "title": "theirs"})
        if api.webhooks(project):
            return made
        api.remove_connection(made["id"])
        return None

    return until(connect, "Label Studio's own webhook")


class BusyAtFirst:
    """Label Studio does as it is told, but finds its database busy at the end: SQLite has one writer."""

    def __init__(self) -> None:
        # Label Studio makes the webhook itself where the backend answers it within a second; else we make it.
        self.busy = {"/api/ml/": {"POST"}, "/api/webhooks/": {"PATCH", "POST"}}

    def __call__(self, answer: httpx.Response) -> None:
        asked = answer.request
        first = {
            path for path, methods in self.busy.items() if asked.method in methods and asked.url.path.startswith(path)
        }
        for path in first:
            del self.busy[path]
            answer.status_code = 500


def test_a_label_studio_whose_database_is_busy_is_asked_again(
    label_studio: RunningLabelStudio, project: int, remote: StandIn, tmp_path: Path
) -> None:
    busy_at_first = BusyAtFirst()
    http = httpx.Client(timeout=30, event_hooks={"response": [busy_at_first]})
    api = LabelStudioApi(label_studio.url, label_studio.token, http)
    findings = attach(api, project, BackendAddress(remote.url, webhook_secret="secret"), tmp_path)
    assert {finding.level for finding in findings} == {Level.OK}
    assert not busy_at_first.busy
    assert (len(api.connections(project)), len(api.webhooks(project))) == (1, 1)


def test_the_command_attaches_checks_and_takes_off(
    api: LabelStudioApi, label_studio: RunningLabelStudio, project: int, remote: StandIn, tmp_path: Path
) -> None:
    add_task(api, project, ONE_PIXEL)
    where = ["--url", api.url, "--token", label_studio.token, "--project", str(project), "--backend", remote.url]
    ended = [
        subprocess.run(
            [sys.executable, "-m", "scripts.cli", *command, *where],
            env=os.environ | {"MODEL_DIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        for command in (["connect"], ["connect", "--check"], ["disconnect"], ["connect", "--check"])
    ]
    assert [each.returncode for each in ended] == [0, 0, 0, 1]
    assert f"ok      The webhook {remote.url}/webhook sends every event" in ended[1].stdout
    assert f"error   Project {project} has no ML connection to {remote.url}. → Run connect" in ended[3].stdout


def test_an_attached_project_has_nothing_to_mend(
    api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path
) -> None:
    backend = BackendAddress(remote.url, webhook_secret="s")
    add_task(api, project, ONE_PIXEL)
    attach(api, project, backend, tmp_path)
    findings = everything(api, project, backend)
    assert not has_errors(findings), findings
    assert "Images of data:image/gif addresses (1 task) can be used" in told(findings, Level.OK)


def test_events_arrive_with_the_secret(api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path) -> None:
    attach(api, project, BackendAddress(remote.url, webhook_secret="s"), tmp_path)
    add_task(api, project, ONE_PIXEL)
    until(lambda: "TASKS_CREATED" in {event["action"] for _, event in remote.events}, "the event")
    secrets = {event["action"]: headers.get("X-Label-Loop-Secret") for headers, event in remote.events}
    assert secrets["TASKS_CREATED"] == "s"


def test_attaching_again_adds_nothing_and_keeps_the_first_record(
    api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path
) -> None:
    attach(api, project, BackendAddress(remote.url), tmp_path)
    (file,) = tmp_path.iterdir()
    first = file.read_text()
    assert not has_errors(attach(api, project, BackendAddress(f"{remote.url}/"), tmp_path))
    assert (len(api.connections(project)), len(api.webhooks(project)), file.read_text()) == (1, 1, first)


def test_attaching_again_leaves_one_webhook_of_several(
    api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path
) -> None:
    backend = BackendAddress(remote.url)
    attach(api, project, backend, tmp_path)
    api.send_object("POST", "/api/webhooks/", {"project": project, "url": backend.webhook_url})
    assert "is there 2 times" in told(everything(api, project, backend), Level.WARNING)
    attach(api, project, backend, tmp_path)
    assert len(api.webhooks(project)) == 1


def test_detaching_puts_all_back_and_deletes_the_record(
    api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path
) -> None:
    api.change_project(project, sampling="Uniform sampling", show_collab_predictions=False)
    attach(api, project, BackendAddress(remote.url), tmp_path)
    assert not has_errors(detach(api, project, remote.url, tmp_path))
    after = api.project(project)
    assert (after["sampling"], after["model_version"] or "") == ("Uniform sampling", "")
    assert after["show_collab_predictions"] is False
    assert (api.connections(project), api.webhooks(project), list(tmp_path.iterdir())) == ([], [], [])


def add_predictions(api: LabelStudioApi, project: int, *versions: str) -> None:
    """One task, with a prediction of each version."""
    add_task(api, project, ONE_PIXEL)
    (task,) = api.get(f"/api/tasks?project={project}")["tasks"]
    predictions = [{"task": task["id"], "result": [], "score": 0.5, "model_version": version} for version in versions]
    api.send_object("POST", f"/api/projects/{project}/import/predictions", predictions)


def test_detaching_puts_an_earlier_version_back(
    api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path
) -> None:
    add_predictions(api, project, "theirs", "ours")
    api.change_project(project, model_version="theirs")
    attach(api, project, BackendAddress(remote.url), tmp_path)
    api.change_project(project, model_version="ours")
    remote.versions = ["ours"]
    detach(api, project, remote.url, tmp_path)
    assert api.project(project)["model_version"] == "theirs"


@pytest.mark.fault("R1")
def test_detaching_leaves_what_somebody_chose_since(
    api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path
) -> None:
    add_predictions(api, project, "theirs", "another's")
    api.change_project(project, model_version="theirs")
    attach(api, project, BackendAddress(remote.url), tmp_path)
    chosen = {"sampling": "Sequential sampling", "show_collab_predictions": False, "model_version": "another's"}
    api.change_project(project, **chosen)
    detach(api, project, remote.url, tmp_path)
    after = api.project(project)
    assert {name: after[name] for name in chosen} == chosen


def test_a_version_that_is_gone_leaves_none_and_says_so(
    api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path
) -> None:
    add_predictions(api, project, "theirs")
    api.change_project(project, model_version="theirs")
    attach(api, project, BackendAddress(remote.url), tmp_path)
    api.change_project(project, model_version="Label Loop")
    everything_selected = {"selectedItems": {"all": True, "excluded": []}}
    api.send_object("POST", f"/api/dm/actions?id=delete_tasks_predictions&project={project}", everything_selected)
    findings = detach(api, project, remote.url, tmp_path)
    assert "model_version" in told(findings, Level.WARNING)
    assert (api.project(project)["model_version"] or "") == ""


def test_a_connection_and_webhook_of_before_stay(
    api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path
) -> None:
    theirs = connected(api, project, remote)
    (hook,) = api.webhooks(project)
    api.send_object("PATCH", f"/api/webhooks/{hook['id']}/", {"url": hook["url"], "headers": {"Key": "k"}})
    attach(api, project, BackendAddress(remote.url, webhook_secret="s"), tmp_path)
    detach(api, project, remote.url, tmp_path)
    assert [link["id"] for link in api.connections(project)] == [theirs["id"]]
    assert [hook["headers"] for hook in api.webhooks(project)] == [{"Key": "k"}]
    assert api.project(project)["model_version"] == "theirs"


def test_detaching_without_a_record_takes_ours_off_and_says_what_it_left(
    api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path
) -> None:
    attach(api, project, BackendAddress(remote.url), tmp_path)
    findings = detach(api, project, remote.url, tmp_path / "elsewhere")
    assert (api.connections(project), api.webhooks(project)) == ([], [])
    assert "Sampling (Uncertainty sampling)" in told(findings, Level.WARNING)


def test_a_guarded_backend_is_connected_with_its_password(
    api: LabelStudioApi, project: int, guarded: StandIn, tmp_path: Path
) -> None:
    backend = BackendAddress(guarded.url, ("user", "pass"))
    assert not has_errors(attach(api, project, backend, tmp_path))
    assert not has_errors(attach(api, project, backend, tmp_path))
    (hook,) = api.webhooks(project)
    assert hook["headers"] == backend.webhook_headers
    assert not has_errors(everything(api, project, backend))


def test_a_wrong_password_is_named(api: LabelStudioApi, project: int, guarded: StandIn, tmp_path: Path) -> None:
    findings = attach(api, project, BackendAddress(guarded.url, ("user", "wrong")), tmp_path)
    assert "refuses Label Studio's user and password" in told(findings, Level.ERROR)


def test_a_backend_that_is_away_leaves_nothing_behind(api: LabelStudioApi, project: int, tmp_path: Path) -> None:
    findings = attach(api, project, BackendAddress("http://127.0.0.1:9"), tmp_path)
    assert "Start the backend" in told(findings, Level.ERROR)
    assert (api.connections(project), api.webhooks(project), list(tmp_path.iterdir())) == ([], [], [])


def test_a_backend_that_went_away_is_found_by_the_check(api: LabelStudioApi, project: int, tmp_path: Path) -> None:
    server = StandIn()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    backend = BackendAddress(server.url)
    attach(api, project, backend, tmp_path)
    server.shutdown()
    server.server_close()
    assert "Label Studio cannot reach the backend" in told(everything(api, project, backend), Level.ERROR)


def test_a_backend_that_cannot_reach_label_studio_is_an_error_in_its_words(
    api: LabelStudioApi, project: int, remote: StandIn
) -> None:
    remote.health["label_studio"] = {"reachable": False, "error": "401"}
    findings = everything(api, project, BackendAddress(remote.url))
    assert "does not reach Label Studio: 401" in told(findings, Level.ERROR)


def test_checking_changes_nothing(api: LabelStudioApi, project: int, remote: StandIn) -> None:
    before = api.project(project)
    findings = everything(api, project, BackendAddress(remote.url))
    assert "has no ML connection" in told(findings, Level.ERROR)
    assert (api.project(project), api.connections(project), api.webhooks(project)) == (before, [], [])


def test_settings_changed_by_hand_are_warned_of(
    api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path
) -> None:
    backend = BackendAddress(remote.url)
    attach(api, project, backend, tmp_path)
    api.change_project(project, sampling="Sequential sampling", maximum_annotations=2)
    remote.versions = ["v1"]
    warned = told(everything(api, project, backend), Level.WARNING)
    assert 'Sampling is "Sequential sampling"' in warned
    assert "maximum_annotations is 2" in warned
    assert "model_version is 'Label Loop', which is no version" in warned


def test_a_webhook_without_its_header_or_switched_off_is_an_error(
    api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path
) -> None:
    backend = BackendAddress(remote.url, webhook_secret="s")
    attach(api, project, backend, tmp_path)
    (hook,) = api.webhooks(project)
    by_hand = {"url": hook["url"], "headers": {}, "is_active": False}
    api.send_object("PATCH", f"/api/webhooks/{hook['id']}/", by_hand)
    told_errors = told(everything(api, project, backend), Level.ERROR)
    assert "lacks the right header X-Label-Loop-Secret" in told_errors
    assert "is switched off" in told_errors


@pytest.mark.parametrize(
    ("image", "mend"),
    [
        ("/data/local-files/?d=nowhere/1.png", "Add a Local Files storage"),
        ("s3://bucket/1.png", "Add the bucket as a source"),
        ("/data/upload/1/nothing.png", "Import the file again"),
        ("http://nowhere.invalid/1.png", "host"),
        ("data:text/plain,hello", "Convert "),
        ("", "Mend the task's data"),
    ],
)
def test_an_image_that_cannot_be_fetched_says_what_to_do(
    api: LabelStudioApi, project: int, remote: StandIn, image: str, mend: str
) -> None:
    add_task(api, project, image)
    assert mend in told(everything(api, project, BackendAddress(remote.url)), Level.ERROR)


@pytest.mark.fault("R6")
def test_the_check_looks_at_every_kind_of_address_and_not_at_one_task(
    api: LabelStudioApi, project: int, remote: StandIn
) -> None:
    svg = "data:image/svg+xml;base64," + base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()
    for address in (ONE_PIXEL, ONE_PIXEL, svg, "http://nowhere.invalid/1.png"):
        add_task(api, project, address)
    findings = everything(api, project, BackendAddress(remote.url))
    assert "data:image/gif addresses (2 tasks) can be used: 2 tried" in told(findings, Level.OK)
    told_errors = told(findings, Level.ERROR)
    assert "data:image/svg+xml addresses (1 task) can't be used" in told_errors
    assert "[image-unreadable]" in told_errors
    assert "http://nowhere.invalid *.png (1 task) can't be used" in told_errors


@pytest.mark.fault("R6")
def test_the_check_says_what_the_backend_says_of_this_project_and_of_all(
    api: LabelStudioApi, project: int, remote: StandIn
) -> None:
    def detail(kind: str, level: str, number: int | None) -> Json:
        return {"kind": kind, "level": level, "project": number, "message": f"{kind} of {number}.", "mend": "Mend it."}

    remote.health["details"] = [
        detail("runs-fail", "problem", project),
        detail("no-worker", "problem", None),
        detail("set-aside", "problem", None),
        detail("one-class", "note", project),
        detail("standstill", "problem", project + 1),
    ]
    findings = everything(api, project, BackendAddress(remote.url))
    assert f"runs-fail of {project}. [runs-fail] Mend it." in told(findings, Level.ERROR)
    assert "no-worker of None." in told(findings, Level.ERROR)
    assert "set-aside of None." in told(findings, Level.WARNING)
    assert f"one-class of {project}." in told(findings, Level.OK)
    assert not any("standstill" in finding.what for finding in findings)


def test_an_unsupported_label_config_is_an_error(api: LabelStudioApi, project: int, remote: StandIn) -> None:
    several = LABEL_CONFIG.replace('choice="single"', 'choice="multiple"')
    api.change_project(project, label_config=several)
    assert 'choice="multiple"' in told(everything(api, project, BackendAddress(remote.url)), Level.ERROR)


def test_a_project_that_is_not_there_lists_those_that_are(
    api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path
) -> None:
    findings = attach(api, 999_999, BackendAddress(remote.url), tmp_path)
    assert f'{project} "connection"' in told(findings, Level.ERROR)


def test_a_personal_access_token_works(api: LabelStudioApi, project: int, remote: StandIn, tmp_path: Path) -> None:
    personal = api.send_object("POST", "/api/token/", {})["token"]
    with_personal = LabelStudioApi(api.url, personal)
    assert not has_errors(attach(with_personal, project, BackendAddress(remote.url), tmp_path))
    assert not has_errors(everything(with_personal, project, BackendAddress(remote.url)))
    # A user has one such token at a time: leave none.
    requests.post(f"{api.url}/api/token/blacklist/", json={"refresh": personal}, timeout=120)
