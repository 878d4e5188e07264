"""How soon `/webhook` answers while an annotator works, runs go on, and events come in at a steady rate."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from backend.store import database
from scripts.cli.progress import tracked
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.benchmarks.figures import Figure, Measured, percentile, spread
from scripts.lab.benchmarks.projects import BenchmarkProject, pages
from scripts.lab.benchmarks.stack import Stack
from scripts.lab.benchmarks.versions import published_between
from scripts.stack.errors import StackError
from scripts.stack.http import local_session
from scripts.stack.image_project import choice_region

MOST_MS = 50.0
SENDERS = 16
ANNOTATOR_PAUSE = 0.5


def run(stack: Stack, project: BenchmarkProject, seconds: float = 20.0, per_second: float = 50.0) -> Measured:
    """Send events at a fixed rate, whether or not earlier ones were answered; an annotator keeps the runs coming.

    The time of an event counts from when it was due, so that a slow answer cannot hide behind the ones after it.

    Args:
        stack: Label Studio and the backend, running.
        project: with tasks left to annotate.
        seconds: for how long, above 0.
        per_second: events a second.
    """
    details = pages(stack, project.id)[0].details()
    event: dict[str, object] = {"action": "ANNOTATION_UPDATED", "project": details}
    sender = _Sender(f"{stack.backend.url}/webhook", event)
    annotator = _Annotator(stack, project)
    begun = time.time()
    annotator.start()
    annotator.at_work.wait(30.0)
    started = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as pool:
        sent = []
        for number in tracked(range(int(seconds * per_second)), "/webhook", unit="event", kept=False):
            due = started + number / per_second
            time.sleep(max(0.0, due - time.perf_counter()))
            sent.append(pool.submit(sender.milliseconds, due))
        answers = [each.result() for each in sent]
    annotator.stop()
    with database.connect(stack.mirror_url).connect() as mirror:
        runs = len(published_between(mirror, project.id, begun, time.time()))
    return Measured(
        figures=[
            Figure(f"/webhook at {per_second:.0f} a second during runs, p99", percentile(answers, 0.99), "ms", MOST_MS)
        ],
        details={"milliseconds": spread(answers), "annotations": annotator.count, "versions_published": runs},
    )


class _Sender:
    """Sends one event again and again, over a connection per thread."""

    def __init__(self, url: str, event: dict[str, object]) -> None:
        self._url = url
        self._event = event
        self._local = threading.local()

    def milliseconds(self, due: float) -> float:
        """Time from when the event was due to its answer.

        Raises:
            BenchmarkError: the event was refused.
        """
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = local_session()
        answer = session.post(self._url, json=self._event, timeout=10.0)
        if not answer.ok:
            raise BenchmarkError(f"/webhook answered {answer.status_code}: {answer.text[:200]}")
        return (time.perf_counter() - due) * 1000.0


class _Annotator(threading.Thread):
    """Labels task after task until it is stopped.

    Attributes:
        at_work: set with the first annotation.
        count: annotations made.
    """

    def __init__(self, stack: Stack, project: BenchmarkProject) -> None:
        super().__init__(name="annotator", daemon=True)
        self._page = pages(stack, project.id)[0]
        self._project = project
        self._stopping = threading.Event()
        self._problem: StackError | None = None
        self.at_work = threading.Event()
        self.count = 0

    def run(self) -> None:
        try:
            while not self._stopping.wait(ANNOTATOR_PAUSE):
                handed = self._page.next_task()
                if handed is None:
                    return
                self._page.submit(handed.task, [choice_region(self._project.truth[handed.task])], ANNOTATOR_PAUSE)
                self.count += 1
                self.at_work.set()
        except StackError as problem:
            self._problem = problem

    def stop(self) -> None:
        """Stop annotating.

        Raises:
            BenchmarkError: it could not annotate.
        """
        self._stopping.set()
        self.join()
        if self._problem is not None:
            raise BenchmarkError(str(self._problem)) from self._problem
