"""A Label Studio that dies while it answers; a server of our own plays it, since the real one won't on demand."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from backend.errors import RetryLaterError
from backend.label_studio.client import LabelStudio

pytestmark = pytest.mark.faults


class DyingServer(BaseHTTPRequestHandler):
    """Answers everything with half an object, and no word about its length."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"title": "dig')

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def dying() -> Iterator[LabelStudio]:
    server = HTTPServer(("127.0.0.1", 0), DyingServer)
    Thread(target=server.serve_forever, daemon=True).start()
    yield LabelStudio(f"http://127.0.0.1:{server.server_port}", "5eed" * 10)
    server.shutdown()
    server.server_close()


def test_a_torn_answer_is_asked_for_again_later(dying: LabelStudio) -> None:
    with pytest.raises(RetryLaterError, match="torn off"):
        dying.project(1)
