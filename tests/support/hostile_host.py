"""A TCP server that answers whatever it is told to, byte after byte: real servers are too well-behaved."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[socket.socket], None]
SECONDS = 60.0
"""How long a hostile answer goes on: far beyond any deadline that tests set."""


class HostileHost:
    """Hands each connection to `answer`, in a thread of its own, once the first bytes of a request are there."""

    def __init__(self, answer: Answer, address: str) -> None:
        self._answer = answer
        self._listening = socket.create_server((address, 0))
        self.connections = 0
        self.requests: list[bytes] = []

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://{self._listening.getsockname()[0]}:{self.port}"

    def serve(self) -> None:
        """Until it is closed."""
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._serve_one, args=[connection], daemon=True).start()

    def _serve_one(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self.requests.append(connection.recv(65536))
            self._answer(connection)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@contextmanager
def serving(answer: Answer, address: str = "127.0.0.1") -> Iterator[HostileHost]:
    """A host that answers so for the length of the block."""
    host = HostileHost(answer, address)
    threading.Thread(target=host.serve, daemon=True).start()
    try:
        yield host
    finally:
        host.close()


def drip(piece: bytes, gap: float = 0.05, before: bytes = b"") -> Answer:
    """The same bytes again and again, after others, with gaps in between."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(before)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            connection.sendall(piece)
            time.sleep(gap)

    return answer


def say(content: bytes) -> Answer:
    """Some bytes, and the end of the connection."""
    return lambda connection: connection.sendall(content)


def ok(content: bytes, *headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(content)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + content
