"""What starts a run on a real Label Studio, and what does not."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from requests.adapters import HTTPAdapter

from backend.loop.job import DEBOUNCE_LIMIT
from backend.settings import Settings
from scripts.stack.http import local_session
from tests.support.pictures import picture
from tests.support.project import LabelledProject
from tests.support.stack import RunningStack
from tests.support.waiting import PATIENCE_SECONDS, until

MakeProject = Callable[..., LabelledProject]
SENDERS = 8


class SlowImages(ThreadingHTTPServer):
    """Images that come when they are let go: whoever fetches one is busy until then."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.let_go = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: SlowImages

    def do_GET(self) -> None:
        self.server.let_go.wait(PATIENCE_SECONDS)
        content = picture(0, 12345)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""


@pytest.fixture
def slow_images() -> Iterator[SlowImages]:
    server = SlowImages()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.let_go.set()
    server.shutdown()
    server.server_close()


def test_our_own_writes_start_no_run(project: LabelledProject, labels: list[int], stack: RunningStack) -> None:
    # A web process that has only just begun takes the switch to a project's first version for somebody else's.
    first = project.active_version()
    until(lambda: stack.named_version(project.id) == first, "the web process to know the version")
    version = project.wait_for_version(stack, [*labels, project.submit(project.tasks[5])])
    until(lambda: len(project.predictions(version)) >= len(project.tasks) - 3, "the refresh")
    stack.wait_until_quiet(project.id)
    before, end = stack.metrics(), time.monotonic() + 5.0
    while time.monotonic() < end:
        # The stack has other projects, whose runs are none of this one's.
        assert not stack.has_a_run(project.id), f"{stack.metrics().items() - before.items()}\n{stack.log_tail()}"
        time.sleep(0.1)


def test_a_refresh_does_not_keep_another_project_waiting(
    make_stack: Callable[..., RunningStack], make_project: MakeProject
) -> None:
    # One task a slice: the refresh takes far longer than a run.
    stack = make_stack(more={"POLL_SECONDS": "600", "IDLE_SECONDS": "0.5", "QUEUE_HEAD": "1", "SLICE_SIZE": "1"})
    idle, busy = make_project(per_class=75), make_project(per_class=1)
    idle.attach(stack)
    idle.wait_for_version(stack)
    # Of whichever version is active: on a busy machine the images are embedded in several runs, and each makes one.
    until(lambda: len(idle.predictions()) > 3, "the refresh to begin", more=stack.log_tail)
    busy.attach(stack)
    busy.wait_for_version(stack)
    assert len(idle.predictions()) < len(idle.tasks)


def test_connecting_in_label_studios_settings_alone_is_enough(stack: RunningStack, make_project: MakeProject) -> None:
    project = make_project()
    project.api.send_object("POST", "/api/ml", {"url": stack.url, "project": project.id, "title": "My model"})
    project.wait_for_version(stack)
    project.wait_for_version(stack, [project.submit(project.of_class(name)[0]) for name in project.classes])


def test_a_burst_of_500_events_is_at_most_two_runs(
    project: LabelledProject, labels: list[int], stack: RunningStack
) -> None:
    stack.wait_until_quiet(project.id)
    before = stack.runs()
    event = {"action": "ANNOTATION_CREATED", "project": {"id": project.id}}
    with local_session() as session:
        adapter = HTTPAdapter(pool_maxsize=SENDERS)
        session.mount("http://", adapter)

        def send(_: int) -> int:
            return session.post(f"{stack.url}/webhook", json=event, timeout=60).status_code

        started = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as senders:
            assert set(senders.map(send, range(500))) == {200}
        burst_seconds = time.monotonic() - started
    stack.wait_until_quiet(project.id)
    # A machine that is so busy that the burst lasts longer than a run waits for its end gets another for each wait.
    waits = burst_seconds // (DEBOUNCE_LIMIT * Settings().debounce_seconds)
    assert 1 <= stack.runs() - before <= 2 + waits


def test_events_during_a_run_cause_exactly_one_more(
    project: LabelledProject, labels: list[int], stack: RunningStack, slow_images: SlowImages
) -> None:
    stack.wait_until_quiet(project.id)
    before = stack.runs()
    project.add_addresses([f"{slow_images.url}/a.png"])
    until(lambda: stack.is_running(project.id), "the run")
    for _ in range(20):
        stack.call("POST", "/webhook", json={"action": "ANNOTATION_CREATED", "project": {"id": project.id}})
    slow_images.let_go.set()
    stack.wait_until_quiet(project.id)
    assert stack.runs() - before == 2


def test_the_button_start_training_is_taken(project: LabelledProject, labels: list[int], stack: RunningStack) -> None:
    stack.wait_until_quiet(project.id)
    before = stack.runs()
    (connection,) = project.api.connections(project.id)
    with local_session() as session:
        session.headers["Authorization"] = f"Token {project.token}"
        answer = session.post(f"{project.api.url}/api/ml/{connection['id']}/train", json={}, timeout=120)
    assert answer.ok
    until(lambda: stack.runs() == before + 1, "a run")
