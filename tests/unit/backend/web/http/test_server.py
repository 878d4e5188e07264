"""The server: whole requests reach threads, clients that are slow or many delay nobody, lanes delay no other."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import requests

from backend.web.http import server as module
from backend.web.http.server import Lane, Server
from scripts.stack.http import local_session
from tests.support.waiting import until

PATIENCE = 10.0
"""Nothing here takes a tenth of it, unless clients are waited for."""


class App:
    """Answers `ok`; on /predict and on /slow, once it may."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.begun = 0

    def __call__(self, environ: dict[str, object], start_response: Callable[..., object]) -> list[bytes]:
        if environ["PATH_INFO"] in ("/predict", "/slow"):
            self.begun += 1
            self.may_answer.wait(60)
        body = b"x" * 20_000_000 if environ["PATH_INFO"] == "/large" else b"ok"
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]


class Running:
    """A server at work in a thread, and connections to it."""

    def __init__(self, app: App) -> None:
        self.app = app
        listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address: tuple[str, int] = listening.getsockname()
        self.server = Server(app, [listening])
        self.open = ExitStack()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.server.step(0.02)

    def connect(self, sent: bytes = b"") -> socket.socket:
        """A connection that sent something and stays open."""
        made = self.open.enter_context(socket.create_connection(self.address, PATIENCE))
        made.sendall(sent)
        return made

    def ask(self, path: str = "/health") -> str:
        """An answer's text, by a connection of its own."""
        with local_session() as session:
            return session.get(f"http://127.0.0.1:{self.address[1]}{path}", timeout=PATIENCE).text

    def stop(self) -> None:
        """Let go of everybody."""
        self.app.may_answer.set()
        self.open.close()
        self._stopping.set()
        self._thread.join(PATIENCE)
        self.server.close()


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running(App())
    yield made
    made.stop()


def closed(connection: socket.socket) -> bool:
    """Whether the server has let go of a connection."""
    connection.settimeout(0.05)
    try:
        return connection.recv(1000) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


HALF_SENT = {
    "nothing": b"",
    "half a head": b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-",
    "half a body": b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
    "half a chunk": b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
}


@pytest.mark.fault("S10")
@pytest.mark.parametrize("sent", HALF_SENT.values(), ids=HALF_SENT)
def test_half_sent_requests_delay_nobody(running: Running, sent: bytes) -> None:
    for _ in range(100):
        running.connect(sent)
    assert running.ask() == "ok"
    assert running.app.begun == 0


@pytest.mark.fault("S10")
def test_answers_that_nobody_reads_delay_nobody(running: Running) -> None:
    for _ in range(2 * Lane.QUICK.value):
        running.connect(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    assert running.ask("/other") == "ok"


@pytest.mark.fault("S10")
@pytest.mark.parametrize("path", ["/health", "/webhook"])
def test_other_routes_answer_while_every_thread_predicts(running: Running, path: str) -> None:
    for _ in range(2 * Lane.PREDICT.value):
        running.connect(b"GET /predict HTTP/1.1\r\nHost: x\r\n\r\n")
    until(lambda: running.app.begun == Lane.PREDICT.value, "all threads to be taken", seconds=PATIENCE)
    assert running.ask(path) == "ok"


@pytest.mark.fault("S10")
def test_health_answers_while_all_other_threads_are_busy(running: Running) -> None:
    for _ in range(2 * Lane.QUICK.value):
        running.connect(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    until(lambda: running.app.begun == Lane.QUICK.value, "all threads to be taken", seconds=PATIENCE)
    assert running.ask() == "ok"


@pytest.mark.fault("S10")
def answer(running: Running) -> str | None:
    """What it answers; None where it hangs up."""
    try:
        return running.ask()
    except requests.ConnectionError:
        return None


def test_more_connections_than_there_may_be_let_go_of_those_that_waited_longest(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_CONNECTIONS", 20)
    monkeypatch.setattr(module, "CLIENTS_AT_ONCE", 2)
    first = running.connect()
    for _ in range(60):
        running.connect(b"GET / HT")
    # On a busy machine the one who asks may be among those that waited longest, too: as a client does, it asks again.
    until(lambda: answer(running) == "ok", "an answer", seconds=PATIENCE)
    assert closed(first)


def test_who_waits_for_an_answer_is_not_let_go_of_for_others(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CONNECTIONS", 20)
    monkeypatch.setattr(module, "CLIENTS_AT_ONCE", 2)
    waiting = running.connect(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    until(lambda: running.app.begun == 1, "the request to be taken up", seconds=PATIENCE)
    for _ in range(60):
        running.connect()
    assert running.ask() == "ok"
    running.app.may_answer.set()
    waiting.settimeout(PATIENCE)
    assert waiting.recv(1000).startswith(b"HTTP/1.1 200")


@pytest.mark.fault("S10")
@pytest.mark.parametrize("limit", ["IDLE_SECONDS", "RECEIVING_SECONDS"])
def test_a_client_that_drips_is_let_go_of_in_the_end(
    running: Running, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(module, limit, 0.5)
    monkeypatch.setattr(module, "MAINTENANCE_SECONDS", 0.05)
    dripping = running.connect(b"G" if limit == "RECEIVING_SECONDS" else b"")

    def drip() -> bool:
        if limit == "RECEIVING_SECONDS":
            try:
                dripping.send(b"E")
            except ConnectionError:
                return True
        return closed(dripping)

    until(drip, "the connection to be closed", seconds=PATIENCE)


def test_an_answer_that_took_long_is_not_mistaken_for_a_client_that_does(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("IDLE_SECONDS", "RECEIVING_SECONDS", "SENDING_SECONDS"):
        monkeypatch.setattr(module, limit, 0.5)
    monkeypatch.setattr(module, "MAINTENANCE_SECONDS", 0.01)
    waiting = running.connect(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(1.0)
    running.app.may_answer.set()
    assert waiting.recv(1000).startswith(b"HTTP/1.1 200")


def test_bodies_that_are_still_arriving_take_only_so_much(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES_AT_ONCE", 100_000)
    monkeypatch.setattr(module, "MAINTENANCE_SECONDS", 0.01)
    small = running.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n" + b"x" * 1_000)
    large = running.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n" + b"x" * 200_000)
    until(lambda: closed(large), "the larger one to be let go of", seconds=PATIENCE)
    assert not closed(small)


def post(path: str, length: int) -> bytes:
    """A whole request."""
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode() + b"x" * length


@pytest.mark.fault("S11")
def test_bodies_that_wait_for_a_thread_take_only_so_much_and_those_under_way_are_answered(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BULK_BYTES", 1_000)
    monkeypatch.setattr(module, "MAINTENANCE_SECONDS", 0.01)
    under_way = [running.connect(post("/slow", 90_000)) for _ in range(Lane.BULK.value)]
    until(lambda: running.app.begun == Lane.BULK.value, "all threads to be taken", seconds=PATIENCE)
    small, large = running.connect(post("/", 2_000)), running.connect(post("/", 80_000))
    monkeypatch.setattr(module, "MOST_BYTES_AT_ONCE", 200_000)
    until(lambda: closed(large), "the larger one to be let go of", seconds=PATIENCE)
    running.app.may_answer.set()
    for each in (*under_way, small):
        each.settimeout(PATIENCE)
        assert each.recv(1000).startswith(b"HTTP/1.1 200")


REFUSED = {
    "a length of 5,000 digits": b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
    "a length that is none": b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "another coding": b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
    "a chunk that is none": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "an address that is none": b"GET http://[::1 HTTP/1.1\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    "a flood of headers": b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % each for each in range(9_000)),
    "a body that is too large": b"POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n",
}


@pytest.mark.fault("S11")
@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_what_is_no_request_is_refused_as_the_clients_fault(running: Running, sent: bytes) -> None:
    assert running.connect(sent).recv(1000).startswith((b"HTTP/1.0 4", b"HTTP/1.1 4"))
    assert running.ask() == "ok"


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_both_versions_of_http_are_spoken(running: Running, version: bytes) -> None:
    assert b" 200 OK" in running.connect(b"GET / HTTP/" + version + b"\r\nHost: x\r\n\r\n").recv(1000)


def test_a_body_in_chunks_arrives_whole(running: Running) -> None:
    parts = iter([b"a" * 10, b"b" * 100_000])
    with local_session() as session:
        answer = session.post(f"http://127.0.0.1:{running.address[1]}/x", data=parts, timeout=PATIENCE)
    assert answer.status_code == requests.codes.ok
