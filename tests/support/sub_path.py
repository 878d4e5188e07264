"""A proxy that puts a server below a path of its own, as one in front of several services does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

PATH = "/label-studio"


class Proxy(ThreadingHTTPServer):
    """Hands on what is asked of it below `PATH`; anything else it has not, and remembers.

    Attributes:
        behind: address of the server below the path; set once it is known.
        strangers: what was asked for beside the path, and with which Authorization.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = ""
        self.strangers: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        """Of what is behind it."""
        return f"http://127.0.0.1:{self.server_address[1]}{PATH}"

    @property
    def public_url(self) -> str:
        """The same under another name."""
        return f"http://localhost:{self.server_address[1]}{PATH}"


class _Handler(BaseHTTPRequestHandler):
    server: Proxy

    def do_GET(self) -> None:
        if not self.path.startswith(f"{PATH}/"):
            self.server.strangers.append((self.path, self.headers["Authorization"]))
            self.send_error(404)
            return
        headers = {"Authorization": self.headers.get("Authorization", "")}
        path = self.path.removeprefix(PATH)
        answer = requests.get(f"{self.server.behind}{path}", headers=headers, allow_redirects=False, timeout=60)
        self.send_response(answer.status_code)
        for name in ("Content-Type", "Location"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""


@contextmanager
def proxying() -> Iterator[Proxy]:
    """A proxy for the length of the block."""
    server = Proxy()
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
