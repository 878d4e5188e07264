"""What a decoding process is sent and sends back: fixed heads and plain bytes, in which no object can hide."""

import socket
import struct
import time
from enum import IntEnum
from typing import NamedTuple

READY = b"ready"
"""What a process says once it has loaded what it needs."""

_REQUEST = struct.Struct("!QQIQd")
_REPLY = struct.Struct("!BIII")


class DecodeOutcome(IntEnum):
    """What became of an image."""

    PIXELS = 0
    REFUSED = 1
    OUT_OF_MEMORY = 2


class Request(NamedTuple):
    """The head of a request; the file follows.

    Attributes:
        length: of the file.
        max_bytes, max_pixels, seconds: see `model.images.limits`.
        side: of the square that is wanted.
    """

    length: int
    max_bytes: int
    side: int
    max_pixels: int
    seconds: float


class Reply(NamedTuple):
    """The head of a reply; pixels follow, or a text.

    Attributes:
        outcome: what became of the image.
        length: of what follows.
        width, height: of the image in the file.
    """

    outcome: DecodeOutcome
    length: int
    width: int = 0
    height: int = 0


def send(channel: socket.socket, head: Request | Reply, body: bytes) -> None:
    """Send a head and what belongs to it."""
    packing = _REQUEST if isinstance(head, Request) else _REPLY
    channel.sendall(packing.pack(*head))
    channel.sendall(body)


def receive_request(channel: socket.socket) -> Request:
    """The head of the next request.

    Raises:
        EOFError: there is none.
    """
    return Request(*_REQUEST.unpack(receive(channel, _REQUEST.size)))


def receive_reply(channel: socket.socket, deadline: float) -> Reply:
    """The head of a reply.

    Args:
        channel: to a decoding process.
        deadline: by the monotonic clock.

    Raises:
        EOFError: the process has ended.
        TimeoutError: it does not come in time.
        ValueError: it is none.
    """
    outcome, length, width, height = _REPLY.unpack(receive(channel, _REPLY.size, deadline))
    return Reply(DecodeOutcome(outcome), length, width, height)


def receive(channel: socket.socket, length: int, deadline: float | None = None) -> bytearray:
    """So many bytes.

    Args:
        channel: to read from.
        length: in bytes.
        deadline: by the monotonic clock; None to wait for ever.

    Raises:
        EOFError: the other side has closed the channel.
        TimeoutError: they don't come in time.
    """
    content = bytearray(length)
    left = memoryview(content)
    while left:
        if deadline is not None:
            limit_wait(channel, deadline)
        count = channel.recv_into(left)
        if not count:
            raise EOFError
        left = left[count:]
    return content


def limit_wait(channel: socket.socket, deadline: float) -> None:
    """Have the channel's next call wait no longer than until then, by the monotonic clock.

    Raises:
        TimeoutError: it is over.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    channel.settimeout(seconds)
