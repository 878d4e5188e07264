"""How many predictions of ours Label Studio holds while somebody labels at a steady pace, and what holds them down."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import requests

from scripts.cli.progress import tracked
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.benchmarks.figures import Figure, Measured, median, spread
from scripts.lab.benchmarks.projects import BenchmarkProject
from scripts.lab.benchmarks.stack import Stack
from scripts.stack.http import local_session
from scripts.stack.image_project import Json, choice_region

MOST_PER_TASK, MOST_SUBMIT_SECONDS = 5.0, 2.0
TIMEOUT_SECONDS = 60.0
OPEN_PAGES = 10
"""Tasks that are opened before the first label, as from the Data Manager, and submitted after the last."""
TASKS_AT_A_TIME, TIMES = 20, 5
"""How many predictions each way of replacing them is measured on, and how often."""
OLD, NEW = "way-old", "way-new"


def run(stack: Stack, project: BenchmarkProject, labels: int, per_second: float) -> Measured:
    """Label what Label Studio hands out, at a fixed pace, as its page does: each submit names a prediction.

    Args:
        stack: Label Studio and the backend, running.
        project: with more tasks left than are labelled.
        labels: how many, at least 1.
        per_second: of these.
    """
    page = _Page(stack, project.id)
    unlabelled = sorted(project.truth.keys() - project.labelled)
    opened = {task: page.begun_from(task) for task in random.Random(0).sample(unlabelled, OPEN_PAGES)}  # noqa: S311
    watch = _Watch(_Page(stack, project.id))
    watch.start()
    submits, refused, started = [], 0, time.monotonic()
    for number in tracked(range(labels), "labelling", unit="label", kept=False):
        time.sleep(max(0.0, started + number / per_second - time.monotonic()))
        task, begun_from = page.next_task()
        seconds, taken = page.submit(task, project.truth[task], begun_from)
        submits.append(seconds)
        refused += not taken
    seconds = time.monotonic() - started
    for task, begun_from in opened.items():
        took, taken = page.submit(task, project.truth[task], begun_from)
        submits.append(took)
        refused += not taken
    watch.stop()
    ways = _ways(page, unlabelled[:TASKS_AT_A_TIME])
    return Measured(
        figures=[
            Figure("predictions of ours, most at any second", max(watch.totals), "", 2.0 * len(project.truth)),
            Figure("predictions of ours on one task, most", watch.most_on_a_task, "", MOST_PER_TASK),
            Figure(f"submit at {per_second:g} a second, longest", max(submits), "s", MOST_SUBMIT_SECONDS),
            Figure("submits that were refused", refused, "", 0.0),
            *(Figure(f"{TASKS_AT_A_TIME} predictions, {way}", took, "s") for way, took in ways.items()),
        ],
        details={
            "tasks": len(project.truth),
            "labels": labels,
            "seconds": seconds,
            "versions": watch.versions,
            "totals": watch.totals,
            "submit_seconds": spread(submits),
        },
    )


class _Page:
    """Label Studio's API as its labelling page uses it, with the numbers of predictions."""

    def __init__(self, stack: Stack, project: int) -> None:
        self._url, self.project = stack.label_studio.url, project
        self._http = local_session()
        self._http.headers["Authorization"] = f"Token {stack.label_studio.token}"

    def next_task(self) -> tuple[int, int | None]:
        """The next task, and the prediction that its page begins from."""
        task = self.ask("POST", f"/api/dm/actions?id=next_task&project={self.project}", {}).json()
        return int(task["id"]), _newest(task["predictions"])

    def begun_from(self, task: int) -> int | None:
        """The prediction that a page begins from which opens this task."""
        return _newest(self.ask("GET", f"/api/tasks/{task}?project={self.project}").json()["predictions"])

    def submit(self, task: int, choice: str, begun_from: int | None) -> tuple[float, bool]:
        """Submit as the page does; seconds that it took, and whether Label Studio took it."""
        body: Json = {"result": [choice_region(choice)], "lead_time": 1.0, "project": self.project}
        if begun_from is not None:
            body["parent_prediction"] = begun_from
        started = time.monotonic()
        answer = self._send("POST", f"/api/tasks/{task}/annotations/?project={self.project}", body)
        return time.monotonic() - started, answer.ok

    def counts(self) -> dict[str, int]:
        """Predictions by model version."""
        counted: dict[str, int] = self.ask("GET", f"/api/projects/{self.project}/model-versions/").json()
        return counted

    def all(self) -> list[Json]:
        """Every prediction of the project."""
        listed: list[Json] = self.ask("GET", f"/api/predictions/?project={self.project}").json()
        return listed

    def ask(self, method: str, path: str, body: object = None) -> requests.Response:
        """An answer.

        Raises:
            BenchmarkError: Label Studio refused.
        """
        answer = self._send(method, path, body)
        if not answer.ok:
            raise BenchmarkError(f"Label Studio answered {answer.status_code} to {method} {path}: {answer.text[:200]}")
        return answer

    def _send(self, method: str, path: str, body: object) -> requests.Response:
        return self._http.request(method, self._url + path, json=body, timeout=TIMEOUT_SECONDS)


def _newest(predictions: list[Json]) -> int | None:
    return max((int(each["id"]) for each in predictions), default=None)


@dataclass
class _Watch:
    """Counts the predictions each second, and now and then those of each task."""

    page: _Page
    totals: list[int] = field(default_factory=list)
    most_on_a_task: int = 0
    versions: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        seen: set[str] = set()
        while not self._over.wait(1.0):
            counts = self.page.counts()
            seen |= counts.keys()
            self.totals.append(sum(counts.values()))
            if len(self.totals) % 10 == 1:
                self._look_at_tasks()
        self._look_at_tasks()
        self.versions = len(seen)

    def _look_at_tasks(self) -> None:
        by_task = Counter(int(each["task"]) for each in self.page.all())
        self.most_on_a_task = max([self.most_on_a_task, *by_task.values()])


def _ways(page: _Page, tasks: list[int]) -> dict[str, float]:
    """Seconds that each way of replacing these tasks' predictions takes, in the median."""
    took: dict[str, list[float]] = {}
    for _ in range(TIMES):
        for way, seconds in _replaced(page, tasks):
            took.setdefault(way, []).append(seconds)
    return {way: median(seconds) for way, seconds in took.items()}


def _replaced(page: _Page, tasks: list[int]) -> Iterator[tuple[str, float]]:
    """Add predictions of a version, and replace them by each way."""
    added = [{"task": task, "model_version": OLD, "score": 0.5, "result": []} for task in tasks]
    yield "imported", _timed(lambda: page.ask("POST", f"/api/projects/{page.project}/import/predictions", added))
    numbers = [int(each["id"]) for each in page.all() if each["model_version"] == OLD]
    change: Json = {"model_version": NEW, "score": 0.4, "result": []}
    yield (
        "changed in place",
        _timed(lambda: [page.ask("PATCH", f"/api/predictions/{number}/", change) for number in numbers]),
    )
    gone = {"model_version": NEW}
    yield (
        "removed by their version",
        _timed(lambda: page.ask("DELETE", f"/api/projects/{page.project}/model-versions/", gone)),
    )
    page.ask("POST", f"/api/projects/{page.project}/import/predictions", added)
    numbers = [int(each["id"]) for each in page.all() if each["model_version"] == OLD]
    yield (
        "removed one by one",
        _timed(lambda: [page.ask("DELETE", f"/api/predictions/{number}/") for number in numbers]),
    )


def _timed(done: Callable[[], object]) -> float:
    started = time.monotonic()
    done()
    return time.monotonic() - started
