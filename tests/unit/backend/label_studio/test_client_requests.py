"""What the client's requests carry, and how long they take at most."""

import time

import pytest

from backend.errors import OperatorError, RetryLaterError
from backend.label_studio.client import LabelStudio
from tests.support import hostile_host


@pytest.mark.fault("S1")
def test_an_answer_that_drips_is_given_up() -> None:
    answer = hostile_host.drip(b" ", before=b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    with hostile_host.serving(answer) as host:
        started = time.monotonic()
        with pytest.raises(RetryLaterError):
            LabelStudio(host.url, "token").request("GET", "/", seconds=0.4)
    assert time.monotonic() - started < 20.0


@pytest.mark.fault("R11")
def test_label_studio_is_told_who_asks() -> None:
    with hostile_host.serving(hostile_host.say(hostile_host.ok(b""))) as host:
        LabelStudio(host.url, "ours").request("GET", "/")
        assert b"User-Agent: Label-Loop/" in host.requests[0]


PERSONAL = "header.payload.signature"


@pytest.mark.fault("S4")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<p>",
        b"[]",
        b"{}",
        b'{"access": null}',
        b'{"access": "a.b"}',
        b'{"access": "a.e30.c"}',
        b'{"access": "a.W10.c"}',
    ],
)
def test_an_answer_without_an_access_token_is_asked_for_again_later(body: bytes) -> None:
    with hostile_host.serving(hostile_host.say(hostile_host.ok(body))) as host, pytest.raises(RetryLaterError):
        LabelStudio(host.url, PERSONAL).request("GET", "/")


@pytest.mark.fault("S7")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_personal_token_follows_no_redirection(status: int) -> None:
    with hostile_host.serving(hostile_host.say(hostile_host.ok(b"{}"))) as stranger:
        lines = [f"HTTP/1.1 {status} Elsewhere", f"Location: {stranger.url}/", "Content-Length: 0", "", ""]
        answer = hostile_host.say("\r\n".join(lines).encode())
        with hostile_host.serving(answer) as host, pytest.raises(OperatorError, match=stranger.url):
            LabelStudio(host.url, PERSONAL).request("GET", "/")
        assert stranger.requests == []
