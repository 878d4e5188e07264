"""How soon `/predict` answers: on the web process as it is deployed, for a project that is in real Label Studio."""

import time
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

import requests

from scripts.cli.progress import tracked
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.benchmarks.figures import Figure, Measured, percentile, spread
from scripts.lab.benchmarks.images import picture
from scripts.lab.benchmarks.projects import BenchmarkProject, pages
from scripts.lab.benchmarks.stack import Stack
from scripts.stack.client import time_id
from scripts.stack.http import local_session

ONE_STORED_MS, ONE_NEW_MS, HUNDRED_STORED_MS = 20.0, 120.0, 200.0
MANY = 100
KNOWN_SECONDS = 30.0
NEW_IMAGES = "new"
"""Folder below the document root for images that the backend has never seen."""


def run(stack: Stack, project: BenchmarkProject, requests_of_one: int = 200, requests_of_many: int = 30) -> Measured:
    """Ask one at a time, as Label Studio does.

    Args:
        stack: Label Studio and the backend, running.
        project: with at least one task.
        requests_of_one: with one task; as many each for stored and new images, after a fifth to warm up.
        requests_of_many: with 100 stored tasks (each task several times where the project has fewer).
    """
    asking = _Asking(stack, project)
    asking.wait_until_known()
    stored = cycle({"id": task, "data": {"image": image}} for task, image in project.images.items())
    new = _new_tasks(stack, requests_of_one + requests_of_one // 5)
    first = asking.milliseconds(new[:1])
    warm_up = requests_of_one // 5
    one = [asking.milliseconds([task]) for task in _shown(islice(stored, requests_of_one + warm_up))][warm_up:]
    fresh = [asking.milliseconds([task]) for task in _shown(new[1:])][warm_up - 1 :]
    many = [asking.milliseconds(list(islice(stored, MANY))) for _ in range(requests_of_many)]
    return Measured(
        figures=[
            Figure("/predict, a task with a stored feature, p95", percentile(one, 0.95), "ms", ONE_STORED_MS),
            Figure("/predict, a new image of 300×200, p95", percentile(fresh, 0.95), "ms", ONE_NEW_MS),
            Figure(f"/predict, {MANY} stored, p95", percentile(many, 0.95), "ms", HUNDRED_STORED_MS),
        ],
        details={
            "tasks_in_project": len(project.images),
            "first_request_ms": first,
            "one_stored_ms": spread(one),
            "one_new_ms": spread(fresh),
            "many_stored_ms": spread(many),
        },
    )


class _Asking:
    """Sends `/predict` as Label Studio does, over one connection."""

    def __init__(self, stack: Stack, project: BenchmarkProject) -> None:
        self._page = pages(stack, project.id)[0]
        details = self._page.details()
        self._http: requests.Session = local_session()
        self._url = f"{stack.backend.url}/predict"
        self._body = {
            "project": f"{project.id}.{time_id(details['created_at'])}",
            "label_config": details["label_config"],
            "params": {"context": None},
        }

    def wait_until_known(self) -> None:
        """Wait until the web process names the active version: it looks for new ones every second.

        Raises:
            BenchmarkError: it did not in time.
        """
        deadline = time.monotonic() + KNOWN_SECONDS
        while self._post([]).json().get("model_version") != self._page.active_version():
            if time.monotonic() > deadline:
                raise BenchmarkError(f"/predict did not name the active version within {KNOWN_SECONDS:.0f} s.")
            time.sleep(0.1)

    def milliseconds(self, tasks: Sequence[dict[str, Any]]) -> float:
        """Time of one request.

        Raises:
            BenchmarkError: a task was not pre-annotated.
        """
        started = time.perf_counter()
        answer = self._post(tasks)
        seconds = time.perf_counter() - started
        if not answer.ok or not all(result["result"] for result in answer.json()["results"]):
            raise BenchmarkError(f"/predict gave no pre-annotation ({answer.status_code}). See backend.log.")
        return seconds * 1000.0

    def _post(self, tasks: Sequence[dict[str, Any]]) -> requests.Response:
        return self._http.post(self._url, json=self._body | {"tasks": list(tasks)}, timeout=100.0)


def _new_tasks(stack: Stack, count: int) -> list[dict[str, Any]]:
    """Tasks that neither Label Studio nor the backend has, with images of their own."""
    folder = stack.label_studio.documents / NEW_IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    run_number = time.time_ns()
    tasks = []
    for number in range(count):
        name = f"{number:06d}.jpg"
        (folder / name).write_bytes(picture(run_number + number, number))
        image = f"/data/local-files/?d={NEW_IMAGES}/{name}"
        tasks.append({"id": 1_000_000_000 + number, "data": {"image": image}})
    return tasks


def _shown(tasks: Any) -> Any:
    return tracked(list(tasks), "/predict", unit="request", kept=False)
