"""Records what a real Label Studio sends to a backend, as the payloads that the contract's tests replay.

    python -m tests.contract.record http://localhost:8080 TOKEN

Run it against a new release of Label Studio and look at the difference. It makes a project and deletes it again.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from scripts.cli.connection.api import Json, LabelStudioApi
from scripts.stack.image_project import label_config

PAYLOADS = Path(__file__).parent / "payloads" / "requests"
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
PATIENCE_SECONDS = 10.0
NEUTRAL = {
    "access_token": "token",
    "hostname": "http://label-studio.example",
    "email": "user@example.com",
    "token": "token",
}


class Recorder(ThreadingHTTPServer):
    """A backend that agrees to everything and remembers what it was sent, by path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, Json]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def next(self, path: str, action: str | None, do: Callable[[], Any]) -> Json:
        """The first body that comes to a path (with an action) after doing something."""
        before = len(self.seen)
        do()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for at, body in self.seen[before:]:
                if at == path and action in (None, body.get("action")):
                    return body
            time.sleep(0.05)
        raise SystemExit(f"Label Studio sent no {action or 'request'} to {path}.")


class _Handler(BaseHTTPRequestHandler):
    server: Recorder

    def do_GET(self) -> None:
        self._answer({"status": "UP", "versions": ["v1"]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, body))
        results = [{"result": [], "score": 1.0, "model_version": "v1"} for _ in body.get("tasks", [])]
        self._answer({"model_version": "v1", "results": results})

    def _answer(self, body: Json) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


def record(api: LabelStudioApi, recorder: Recorder) -> dict[str, Json]:
    """Do everything that makes Label Studio call a backend; the first body of each kind by name."""
    url = f"http://127.0.0.1:{recorder.server_address[1]}"
    body = {"title": "recorded", "label_config": label_config(["cat", "dog"])}
    project = int(api.send_object("POST", "/api/projects/", body)["id"])
    try:
        return _record(api, recorder, project, url)
    finally:
        for hook in api.webhooks(project):
            api.delete(f"/api/webhooks/{hook['id']}/")
        api.delete(f"/api/projects/{project}/")


def _record(api: LabelStudioApi, recorder: Recorder, project: int, url: str) -> dict[str, Json]:
    connection: list[int] = []
    cat = [{"from_name": "choice", "to_name": "image", "type": "choices", "value": {"choices": ["cat"]}}]
    tasks: list[int] = []

    def connect() -> None:
        wanted = {"url": url, "project": project, "title": "recorder", "is_interactive": True}
        connection.append(int(api.send_object("POST", "/api/ml", wanted)["id"]))

    def import_tasks(*tasks_to_import: Json) -> None:
        path = f"/api/projects/{project}/import?return_task_ids=true"
        tasks[:] = api.send_object("POST", path, list(tasks_to_import))["task_ids"]

    def action(name: str) -> None:
        chosen = {"selectedItems": {"all": False, "included": tasks}}
        api.send_object("POST", f"/api/dm/actions?id={name}&project={project}", chosen)

    def annotate(task: int, **fields: Any) -> Json:
        made = {"result": cat, "lead_time": 1.5} | fields
        return api.send_object("POST", f"/api/tasks/{task}/annotations/?project={project}", made)

    def event(name: str, do: Callable[[], Any]) -> Json:
        return recorder.next("/webhook", name, do)

    plain = {"data": {"image": PIXEL}}
    payloads = {"setup": recorder.next("/setup", None, connect)}
    # Opening a task asks the backend only where annotators are shown its predictions.
    api.change_project(project, show_collab_predictions=True)
    payloads["tasks-created"] = event("TASKS_CREATED", lambda: import_tasks(plain, plain, plain))
    payloads["predict-one"] = recorder.next(
        "/predict", None, lambda: api.get(f"/api/tasks/{tasks[0]}?project={project}")
    )
    payloads["predict-many"] = recorder.next("/predict", None, lambda: action("retrieve_tasks_predictions"))
    path = f"/api/ml/{connection[0]}/interactive-annotating"
    asked = {"task": tasks[0], "context": {"result": []}}
    payloads["predict-interactive"] = recorder.next("/predict", None, lambda: api.send_object("POST", path, asked))
    made: list[Json] = []
    payloads["annotation-created"] = event("ANNOTATION_CREATED", lambda: made.append(annotate(tasks[0])))
    where = f"/api/annotations/{made[0]['id']}/"
    payloads["annotation-updated"] = event(
        "ANNOTATION_UPDATED", lambda: api.send_object("PATCH", where, {"result": cat})
    )
    payloads["ground-truth"] = event(
        "ANNOTATION_UPDATED", lambda: api.send_object("PATCH", where, {"ground_truth": True})
    )
    skip = {"result": [], "was_cancelled": True}
    payloads["annotation-skipped"] = event("ANNOTATION_CREATED", lambda: annotate(tasks[1], **skip))
    payloads["annotation-deleted"] = event("ANNOTATIONS_DELETED", lambda: api.delete(where))
    train = f"/api/ml/{connection[0]}/train"
    payloads["start-training"] = event(
        "START_TRAINING", lambda: api._authorised("POST", train, json={"use_ground_truth": False})
    )
    retitled = {"title": "recorded, and changed"}
    payloads["project-updated"] = event("PROJECT_UPDATED", lambda: api.change_project(project, **retitled))
    payloads["annotations-created"] = event("ANNOTATIONS_CREATED", lambda: action("predictions_to_annotations"))
    payloads["annotations-deleted"] = event("ANNOTATIONS_DELETED", lambda: action("delete_tasks_annotations"))
    with_annotation = plain | {"annotations": [{"result": cat}]}
    payloads["tasks-created-with-annotations"] = event("TASKS_CREATED", lambda: import_tasks(with_annotation))
    payloads["tasks-deleted"] = event("TASKS_DELETED", lambda: action("delete_tasks"))
    (hook,) = api.webhooks(project)
    bare = {"url": hook["url"], "send_payload": False}
    api.send_object("PATCH", f"/api/webhooks/{hook['id']}/", bare)
    payloads["tasks-created-bare"] = event("TASKS_CREATED", lambda: import_tasks(plain))
    payloads["annotation-created-bare"] = event("ANNOTATION_CREATED", lambda: annotate(tasks[0]))
    return payloads


def neutral(value: Any) -> Any:
    """A body without what tells of the machine or the user it was recorded on."""
    if isinstance(value, dict):
        return {key: NEUTRAL[key] if key in NEUTRAL and each else neutral(each) for key, each in value.items()}
    return [neutral(each) for each in value] if isinstance(value, list) else value


def main(url: str, token: str) -> None:
    """Write the payloads."""
    PAYLOADS.mkdir(parents=True, exist_ok=True)
    for name, body in record(LabelStudioApi(url, token), Recorder()).items():
        text = json.dumps(neutral(body), indent=1, ensure_ascii=False, sort_keys=True)
        (PAYLOADS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
