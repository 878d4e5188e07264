"""The proxy hands requests on unchanged, or misbehaves in one of its ways."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from scripts.lab.soak.proxy import LabelStudioProxy, Mood
from scripts.stack.http import local_session


class _Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("X-Token", self.headers["Authorization"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def proxy() -> Iterator[LabelStudioProxy]:
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    made = LabelStudioProxy(0, upstream.server_address[1])
    made.serve()
    yield made
    for server in (made, upstream):
        server.shutdown()
        server.server_close()


def post(proxy: LabelStudioProxy) -> requests.Response:
    with local_session() as session:
        return session.post(f"{proxy.url}/api", data=b"x" * 1000, headers={"Authorization": "Token t"}, timeout=30)


def test_a_faithful_proxy_hands_on_body_headers_and_status(proxy: LabelStudioProxy) -> None:
    answer = post(proxy)
    assert (answer.status_code, answer.content, answer.headers["X-Token"]) == (201, b"x" * 1000, "Token t")


@pytest.mark.parametrize(("mood", "status"), [(Mood.NOT_FOUND, 404), (Mood.ERROR, 500), (Mood.BAD_GATEWAY, 502)])
def test_it_answers_with_a_page_of_its_own_for_a_while(proxy: LabelStudioProxy, mood: Mood, status: int) -> None:
    with proxy.moody(mood):
        answer = post(proxy)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html")
    assert post(proxy).status_code == 201


def test_a_torn_answer_ends_before_its_announced_length(proxy: LabelStudioProxy) -> None:
    with proxy.moody(Mood.TORN), pytest.raises(requests.RequestException):
        post(proxy)
