"""Servers that answer `{}`, with and without TLS, and an authority that nobody knows."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme


class Authority:
    """Signs certificates; who is to trust it, gets `file`.

    Attributes:
        file: PEM with its own certificate.
    """

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def context(self, host: str, **validity: Any) -> ssl.SSLContext:
        """TLS for a server of this name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(host, **validity).configure_cert(context)
        return context


class Answering(ThreadingHTTPServer):
    """Answers every request alike, and remembers the Authorization of each.

    Attributes:
        status, headers, body: of each answer.
        asked: method, path and Authorization.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.headers: dict[str, str] = {"Content-Type": "application/json"}
        self.body = b"{}"
        self.asked: list[tuple[str, str, str | None]] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is part of the test."""


class _Handler(BaseHTTPRequestHandler):
    server: Answering

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path, self.headers["Authorization"]))
        self.send_response(self.server.status)
        for name, value in {**self.server.headers, "Content-Length": str(len(self.server.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)

    def do_POST(self) -> None:
        self.do_GET()

    def do_PATCH(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""


@contextmanager
def answering(context: ssl.SSLContext | None = None) -> Iterator[Answering]:
    """A server for the length of the block, with TLS where there is a context."""
    server = Answering()
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
