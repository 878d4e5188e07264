"""What stands between the backend and Label Studio: a reverse proxy that can misbehave."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE_SECONDS = 130.0
SILENT_SECONDS = 10.0
NOT_FOUND_PAGE = b"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"
ERROR_PAGE = b"<html><body><h1>500 Internal Server Error</h1></body></html>"
BAD_GATEWAY_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
# They are about one connection, and not about what it carries.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "server", "date"}


class Mood(StrEnum):
    """What becomes of a request."""

    FAITHFUL = "faithful"
    NOT_FOUND = "not found"
    ERROR = "error"
    BAD_GATEWAY = "bad gateway"
    TORN = "torn"
    SILENT = "silent"


PAGES = {
    Mood.NOT_FOUND: (404, NOT_FOUND_PAGE),
    Mood.ERROR: (500, ERROR_PAGE),
    Mood.BAD_GATEWAY: (502, BAD_GATEWAY_PAGE),
}


class LabelStudioProxy(ThreadingHTTPServer):
    """Hands requests on to the Label Studio behind it, as its mood allows."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, upstream_port: int) -> None:
        """Listen on a port of this machine; `serve` begins to answer."""
        super().__init__(("127.0.0.1", port), _ProxyHandler)
        self.upstream_port = upstream_port
        self.mood = Mood.FAITHFUL

    @property
    def url(self) -> str:
        """Address without a trailing slash."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that were killed while they asked."""

    def serve(self) -> None:
        """Answer in a thread of its own, until `shutdown`."""
        threading.Thread(target=self.serve_forever, name="proxy", daemon=True).start()

    @contextmanager
    def moody(self, mood: Mood) -> Iterator[None]:
        """Misbehave for the length of the block."""
        self.mood = mood
        try:
            yield
        finally:
            self.mood = Mood.FAITHFUL


class _ProxyHandler(BaseHTTPRequestHandler):
    server: LabelStudioProxy
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Hand the request on, or don't."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        mood = self.server.mood
        if mood is Mood.SILENT:
            time.sleep(SILENT_SECONDS)
            self.close_connection = True
        elif mood in PAGES:
            status, page = PAGES[mood]
            self._send(status, [("Content-Type", "text/html")], page)
        else:
            self._hand_on(body, torn=mood is Mood.TORN)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_OPTIONS = answer  # noqa: N815 - the base class's names

    def _hand_on(self, body: bytes, *, torn: bool) -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream_port, timeout=PATIENCE_SECONDS)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        try:
            upstream.request(self.command, self.path, body, headers | {"Host": self.headers["Host"]})
            answer = upstream.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self._send(502, [("Content-Type", "text/html")], BAD_GATEWAY_PAGE)
            return
        finally:
            upstream.close()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
        self._send(answer.status, kept, content, torn=torn)

    def _send(self, status: int, headers: list[tuple[str, str]], content: bytes, *, torn: bool = False) -> None:
        try:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if torn else content)
        except OSError:
            torn = True
        if torn:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Stay quiet."""
