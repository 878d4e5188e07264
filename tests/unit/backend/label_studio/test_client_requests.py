"""What the client's requests carry, and how long they take at most."""

import time

import pytest

from backend.errors import RetryLaterError
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
