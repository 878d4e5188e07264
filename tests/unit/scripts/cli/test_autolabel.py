"""The command line of autolabel, as far as it needs no backend, and what it writes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from scripts.cli.app import app
from scripts.cli.autolabel.options import AutolabelOptions
from scripts.cli.autolabel.page import page
from scripts.cli.autolabel.run import lines
from scripts.cli.commands import run

CERTIFICATE = {
    "name": "c1",
    "project": 3,
    "label_studio": "http://label-studio.example",
    "made_at": "2026-01-01T00:00:00+00:00",
    "certified": True,
    "threshold": 0.987,
    "max_error": 0.02,
    "confidence": 0.95,
    "bound": 0.0187,
    "binomial_bound": 0.0199,
    "attempt": 1,
    "set_size": 4,
    "allowed_errors": 1,
    "errors": 1,
    "answers": [
        {"task": 1, "predicted": "<cat>", "answered": "<cat>", "annotations": [7], "answered_at": "2026"},
        {"task": 2, "predicted": "<cat>", "answered": None, "annotations": [8], "answered_at": "2026"},
    ],
    "tasks": [[3, "<cat>"], [4, "dog"]],
    "version": "v1",
    "versions": {"label-loop": "0.1.0"},
    "label_config": "abc",
    "seed": 5,
    "message": "1 wrong of 2 audited.",
}


def autolabel(*given: str) -> int:
    """Run the command; returns its exit code."""
    return run(app, "label-loop", ["autolabel", *given])


@pytest.mark.parametrize(
    "given",
    [
        ["--max-error", "0.02", "--threshold", "0.9"],
        ["--confidence", "0.9"],
        ["--undo", "--apply"],
        ["--undo", "--threshold", "0.9"],
        ["--certificate", "c.pdf"],
        ["--backend", "localhost:9090"],
    ],
)
def test_what_does_not_go_together_is_refused(given: list[str]) -> None:
    assert autolabel("--project", "1", *given) == 2


def test_a_promise_has_a_confidence_of_its_own() -> None:
    assert AutolabelOptions(project=1, max_error=0.02).promised_confidence == 0.95
    assert AutolabelOptions(project=1, threshold=0.9).promised_confidence is None


def test_a_backend_that_does_not_answer_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert autolabel("--project", "1", "--backend", "http://127.0.0.1:9") == 1
    assert capsys.readouterr().err.count("\n") == 1


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server that answers everything in one way."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Tests print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"<html>", "not Label Loop"),
        (401, b"{}", "BASIC_AUTH_USER"),
        (404, b'{"error": "This backend knows no project 1."}', "knows no project 1"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, body: bytes, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(status, body) as url:
        assert autolabel("--project", "1", "--backend", url) == 1
    assert said in capsys.readouterr().err


def status_of(phase: str, **fields: Any) -> dict[str, Any]:
    return {"phase": phase, "message": "Said.", "audit": {"size": 149, "answered": 12}, "done": 3, "total": 9, **fields}


def test_an_audit_under_way_says_how_far_it_is() -> None:
    assert "Audit: 12 of 149 answered." in lines(status_of("auditing"))


def test_what_stopped_says_where_and_why() -> None:
    said = " ".join(lines(status_of("applying", problem="The token is refused.")))
    assert "Stopped at 3 of 9: The token is refused." in said


@pytest.mark.parametrize(("phase", "option"), [("ready", "--apply"), ("applied", "--undo")])
def test_the_next_step_is_named(phase: str, option: str) -> None:
    assert option in " ".join(lines(status_of(phase)))


def test_a_certificate_names_its_claim_first_and_escapes_what_users_named() -> None:
    text = page(CERTIFICATE)
    assert "At most 1.87% of 2 automatic labels are wrong, with 95% confidence; 2.00% was promised." in text
    assert "<cat>" not in text
    assert "&lt;cat&gt;" in text
    assert "no answer" in text


def test_a_page_needs_nothing_else() -> None:
    text = page(CERTIFICATE)
    assert not any(word in text for word in ("src=", "href=", "@import", "url("))


def test_a_plain_cut_says_first_that_it_proves_nothing() -> None:
    nothing = dict.fromkeys(("max_error", "confidence", "bound", "binomial_bound", "allowed_errors"))
    text = page(CERTIFICATE | nothing | {"certified": False, "answers": [], "errors": 0})
    assert text.index("UNCERTIFIED") < text.index("<table>")


def test_a_long_list_is_cut_off_on_the_page() -> None:
    text = page(CERTIFICATE | {"tasks": [[task, "dog"] for task in range(2_500)]})
    assert "1500 more" in text
