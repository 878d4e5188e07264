"""A web server to fetch images from: it stands in for Label Studio, and for any other host, where they misbehave."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LIMIT = 1000
NOBODY = "http://127.0.0.1:9"
WHOAMI = "/api/current-user/whoami"


class Host(ThreadingHTTPServer):
    """A web server that remembers who asked it for what, and with which Authorization.

    What it answers is in the path: a status, `large`, `never` for an answer that does not end, or `away` for a
    redirection to `elsewhere`.

    Attributes:
        pages: what it answers at some paths.
        outages: how many of the next requests for an image it answers with 503.
        is_down: answer all with 503.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.elsewhere = ""
        self.pages: dict[str, bytes] = {}
        self.outages = 0
        self.is_down = False
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def status(self, path: str) -> int:
        """What it answers to a path."""
        if self.is_down:
            return 503
        if self.outages and path != WHOAMI:
            self.outages -= 1
            return 503
        return next((status for status in (302, 401, 404, 410, 500) if str(status) in path), 200)


class _Handler(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Authorization"]))
        content = bytes(LIMIT + 1) if "large" in self.path else self.server.pages.get(self.path, b"content")
        self.send_response(self.server.status(self.path))
        if "302" in self.path:
            self.send_header("Location", self.server.elsewhere)
        self.send_header("Content-Length", str(len(content) + ("never" in self.path)))
        self.end_headers()
        self.wfile.write(content)
        if "never" in self.path:
            self.wfile.flush()
            self.server.closing.wait(30)

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""


@contextmanager
def serving() -> Iterator[Host]:
    """A host that answers for the length of the block."""
    server = Host()
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
