"""A deadline is a deadline: in total, whatever a host does to draw its answer out."""

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from backend.transport import deadline, names
from backend.transport.session import Session
from tests.support import hostile_host
from tests.support.hostile_host import drip

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GZIPPED = HEAD + b"Content-Encoding: gzip\r\n\r\n"
SECONDS = 0.4
LIMIT = 20.0
"""Seconds that a busy machine may take over `SECONDS`: a fraction of what the hosts go on for."""


@pytest.fixture
def session() -> Iterator[Session]:
    with Session() as session:
        yield session


def fetch(session: Session, url: str) -> bytes:
    """As images are fetched: with a time limit for each gap that no host here ever reaches."""
    with deadline.within(SECONDS), session.get(url, timeout=hostile_host.SECONDS, stream=True) as answer:
        return b"".join(answer.iter_content(65536))


@pytest.mark.fault("S1")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(drip(b"H"), id="status line"),
        pytest.param(drip(b"HTTP/1.1 100 Continue\r\n\r\n"), id="never-ending 100"),
        pytest.param(drip(b"x: y\r\n", before=HEAD), id="never-ending headers"),
        pytest.param(drip(b"x", before=HEAD), id="one header, byte after byte"),
        pytest.param(drip(b"x", before=HEAD + b"Content-Length: 9999\r\n\r\n"), id="body"),
        pytest.param(drip(b"x", before=HEAD + b"\r\n"), id="body without a length"),
        pytest.param(drip(b"1\r\nx\r\n", before=CHUNKED), id="chunks"),
        pytest.param(drip(b"1", before=CHUNKED), id="size of a chunk"),
        pytest.param(drip(b"x: y\r\n", before=CHUNKED + b"0\r\n"), id="never-ending trailers"),
        pytest.param(drip(gzip.compress(b""), before=GZIPPED), id="gzip of nothing"),
        pytest.param(drip(b"", gap=1.0), id="silence"),
    ],
)
def test_an_answer_that_drips_is_given_up_at_the_deadline(session: Session, answer: hostile_host.Answer) -> None:
    with hostile_host.serving(answer) as host:
        started = time.monotonic()
        with pytest.raises(requests.RequestException):
            fetch(session, host.url)
    assert time.monotonic() - started < LIMIT


@pytest.mark.fault("S1")
def test_a_tls_handshake_that_drips_is_given_up_at_the_deadline(session: Session) -> None:
    # A record of 16 kB of a handshake begins, and comes byte after byte.
    with hostile_host.serving(drip(b"\x02", before=b"\x16\x03\x03\x40\x00")) as host:
        started = time.monotonic()
        with pytest.raises(requests.RequestException):
            fetch(session, host.url.replace("http:", "https:"))
    assert time.monotonic() - started < LIMIT


@pytest.mark.fault("S1")
def test_a_host_that_takes_no_request_is_given_up_at_the_deadline(session: Session) -> None:
    with hostile_host.serving(lambda connection: time.sleep(hostile_host.SECONDS)) as host:
        started = time.monotonic()
        with pytest.raises(requests.RequestException), deadline.within(SECONDS):
            session.post(host.url, data=bytes(50_000_000), timeout=hostile_host.SECONDS)
    assert time.monotonic() - started < LIMIT


@pytest.mark.fault("S1")
def test_a_resolver_that_hangs_is_given_up_at_the_deadline(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def hang(*arguments: Any, flags: int = 0, **named: Any) -> Any:
        if not flags:
            answered.wait(hostile_host.SECONDS)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(names.socket, "getaddrinfo", hang)
    started = time.monotonic()
    try:
        with pytest.raises(requests.RequestException):
            fetch(session, "http://slow.example/")
    finally:
        answered.set()
    assert time.monotonic() - started < LIMIT


@pytest.mark.fault("S1")
def test_names_of_strangers_that_are_never_found_hold_up_no_name_of_the_settings(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, waiting = threading.Event(), threading.Semaphore(0)

    def find(host: str, port: int, *, flags: int = 0, **named: Any) -> Any:
        if flags:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        if host == "slow.example":
            waiting.release()
            answered.wait(hostile_host.SECONDS)
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    def look_up() -> None:
        with contextlib.suppress(OSError), deadline.within(hostile_host.SECONDS):
            names.resolve("slow.example", 80)

    monkeypatch.setattr(names.socket, "getaddrinfo", find)
    for _ in range(names.LOOKUPS_AT_ONCE):
        threading.Thread(target=look_up, daemon=True).start()
    try:
        assert all(waiting.acquire(timeout=LIMIT) for _ in range(names.LOOKUPS_AT_ONCE))
        with hostile_host.serving(hostile_host.say(hostile_host.ok(b"content"))) as host, deadline.within(LIMIT):
            assert session.get(f"http://label-studio.example:{host.port}/", timeout=LIMIT).content == b"content"
    finally:
        answered.set()


def test_an_answer_in_time_is_whole(session: Session) -> None:
    with hostile_host.serving(hostile_host.say(hostile_host.ok(b"content"))) as host, deadline.within(LIMIT):
        assert session.get(host.url, timeout=LIMIT).content == b"content"


def test_an_inner_scope_makes_a_deadline_sooner_never_later() -> None:
    with deadline.within(10.0):
        with deadline.within(1.0):
            assert deadline.seconds_left() <= 1.0
        with deadline.within(100.0):
            assert deadline.seconds_left() <= 10.0
        assert deadline.seconds_left() > 1.0
    assert deadline.timeout() is None


def test_past_the_deadline_nothing_is_begun(session: Session) -> None:
    with hostile_host.serving(hostile_host.say(hostile_host.ok(b""))) as host:
        with pytest.raises(deadline.DeadlineError), deadline.within(0.0):
            deadline.seconds_left()
        with pytest.raises(requests.RequestException), deadline.within(0.0):
            session.get(host.url)
        assert host.connections == 0
