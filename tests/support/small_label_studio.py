"""Enough of Label Studio's API for a run, in this process, with faults on demand.

What decides about Label Studio itself is tested with the real one. This one is for what the real one won't do when a
test wants it to: a proxy's page instead of an answer, a list cut short, a project that is another one now.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from backend.store.versions import NO_VERSION
from tests.support.pictures import picture

CONFIG = """<View><Image name="image" value="$image"/><Choices name="choice" toName="image">
<Choice value="circle"/><Choice value="square"/></Choices></View>"""
CLASSES = ("circle", "square")

Answer = tuple[int, str, bytes]
Fault = Callable[[str, str], Answer | None]

PROXY_PAGE: Answer = (404, "text/html", b"<html><body>404 page not found</body></html>")


def in_json(status: int, body: Any) -> Answer:
    """An answer in JSON."""
    return status, "application/json", json.dumps(body).encode()


def its_own_404() -> Answer:
    """How Label Studio says that there is no such thing."""
    body = {"id": "0", "status_code": 404, "version": "1.23.2", "detail": "Not found.", "exc_info": None}
    return in_json(404, body)


@dataclass
class SmallProject:
    """What the server holds of project 1.

    Attributes:
        tasks: by id, as the API sends them, annotations included.
        predictions: as they were imported, or changed since; their ids are their places, from 1.
    """

    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    predictions: list[dict[str, Any]] = field(default_factory=list)
    model_version: str = ""
    label_config: str = CONFIG
    is_connected: bool = True
    created_at: str = "2026-01-01T00:00:00.000000Z"

    def add_task(self, kind: int) -> int:
        """A task with a picture of its own."""
        number = len(self.tasks) + 1
        self.tasks[number] = {
            "id": number,
            "project": 1,
            "data": {"image": f"/data/upload/1/{number}-{kind}.png"},
            "created_at": _now(),
            "updated_at": _now(),
            "annotations": [],
            "predictions": [],
        }
        return number

    def label(self, task: int, choice: str) -> None:
        """Annotate a task."""
        value = {"choices": [choice]}
        region = {"from_name": "choice", "to_name": "image", "type": "choices", "value": value}
        annotation = {
            "id": task,
            "result": [region],
            "was_cancelled": False,
            "ground_truth": False,
            "completed_by": 1,
            "created_at": _now(),
            "updated_at": _now(),
            "lead_time": 1.0,
        }
        self.tasks[task] |= {"updated_at": _now(), "annotations": [annotation]}


class SmallLabelStudio(ThreadingHTTPServer):
    """The server.

    Attributes:
        project: the only one.
        fault: answers in the server's stead where it returns something, given the method and the path.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.project: SmallProject | None = SmallProject()
        self.fault: Fault = lambda method, path: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def held(self) -> SmallProject:
        """The project, which must be there."""
        assert self.project is not None
        return self.project

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Answer:  # noqa: PLR0911, PLR0912
        """What Label Studio would say."""
        if path == "/api/version":
            return in_json(200, {"release": "1.23.2"})
        if path == "/api/current-user/whoami":
            return in_json(200, {"id": 1, "email": "a@example.org"})
        project = self.project
        if project is None:
            return its_own_404()
        if path == "/api/projects/1":
            if method == "PATCH":
                if not any(each["model_version"] == body["model_version"] for each in project.predictions):
                    return in_json(400, {"validation_errors": {"model_version": ["Model version doesn't exist"]}})
                project.model_version = body["model_version"]
            return in_json(200, _told(project))
        if path == "/api/ml" and not project.is_connected:
            return in_json(200, [])
        if path == "/api/ml":
            return in_json(200, [{"title": "Label Loop", "model_version": project.model_version or NO_VERSION}])
        if path == "/api/tasks":
            return in_json(200, _listed(project, query))
        if path.startswith("/api/tasks/"):
            task = project.tasks.get(int(path.split("/")[3]))
            return its_own_404() if task is None else in_json(200, task)
        if path == "/api/projects/1/import/predictions":
            first = len(project.predictions) + 1
            project.predictions += [{**each, "id": number} for number, each in enumerate(body, start=first)]
            return in_json(200, {"created": len(body)})
        if path == "/api/projects/1/model-versions/":
            return in_json(200, {"static": [], "live": []} if "extended" in query else {})
        if path.startswith("/api/predictions/") and method == "PATCH":
            project.predictions[int(path.split("/")[3]) - 1] |= body
            return in_json(200, {"id": 1})
        if path == "/api/predictions/":
            return in_json(200, [] if method == "GET" else {"id": 1})
        if path == "/api/dm/actions":
            return in_json(200, {})
        if path.startswith("/data/upload/"):
            number, kind = path.rpartition("/")[2].removesuffix(".png").split("-")
            return 200, "image/png", picture(int(kind), seed=int(number))
        return its_own_404()


class _Handler(BaseHTTPRequestHandler):
    server: SmallLabelStudio
    protocol_version = "HTTP/1.1"

    def _do(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"null")
        found = self.server.fault(self.command, parts.path)
        found = found or self.server.answer(self.command, parts.path, parse_qs(parts.query), body)
        status, kind, content = found
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815 - names of the standard library

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def small_label_studio(per_class: int = 0) -> Iterator[SmallLabelStudio]:
    """A server with a project, stopped afterwards.

    Args:
        per_class: tasks of each of two classes.
    """
    server = SmallLabelStudio()
    for number in range(2 * per_class):
        server.held.add_task(number % 2)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def _told(project: SmallProject) -> dict[str, Any]:
    return {
        "id": 1,
        "title": "small",
        "label_config": project.label_config,
        "model_version": project.model_version,
        "sampling": "Uncertainty sampling",
        "task_number": len(project.tasks),
        "total_annotations_number": sum(len(task["annotations"]) for task in project.tasks.values()),
        "skipped_annotations_number": 0,
        "created_at": project.created_at,
    }


def _listed(project: SmallProject, query: dict[str, list[str]]) -> dict[str, Any]:
    asked = json.loads(query["query"][0])
    included = asked.get("selectedItems", {}).get("included")
    tasks = [task for task in project.tasks.values() if included is None or task["id"] in included]
    for item in asked.get("filters", {}).get("items", []):
        if item["filter"].endswith("updated_at"):
            tasks = [task for task in tasks if task["updated_at"] > item["value"]]
        else:
            tasks = [task for task in tasks if task["annotations"]]
    if asked.get("ordering") == ["-tasks:updated_at"]:
        tasks.sort(key=lambda task: str(task["updated_at"]), reverse=True)
    size, page = int(query["page_size"][0]), int(query["page"][0])
    shown = [{**task, "predictions": _predictions_of(project, task["id"])} for task in tasks]
    return {"tasks": shown[(page - 1) * size : page * size], "total": len(tasks)}


def _predictions_of(project: SmallProject, task: int) -> list[dict[str, Any]]:
    return [each for each in project.predictions if each["task"] == task]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
