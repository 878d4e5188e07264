"""Whatever a person is told, and expected to act on, is on the page that says what to do."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.causes.kinds import EXPLANATIONS, CauseKind
from backend.web.health.problem import ProblemKind

pytestmark = pytest.mark.fault("R12")

LOG_LEVELS = ("warning", "error", "exception")
LOGS = ("log", "structlog.get_logger()")
OPERATORS = (
    "OperatorError",
    "UnsupportedConfigError",
    "RetryLaterError",
    "ExportError",
    "WeightsError",
    "DecodingError",
    "TrainingError",
)
"""Errors that are not the caller's own to mend."""

LEAST_LENGTH = 16
"""Characters of a text that are enough to find it by."""


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs" / "troubleshooting.md").read_text()


def calls(checkout: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call with an argument in the backend and the model package, and the file that it is in."""
    for package in ("backend", "model"):
        for path in sorted((checkout / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and node.args:
                    yield path.relative_to(checkout).as_posix(), node


def pieces(text: ast.expr) -> list[str]:
    """What is always the same of a text that stands in the code; nothing where it is made elsewhere."""
    if isinstance(text, ast.Constant):
        return [str(text.value)]
    if isinstance(text, ast.JoinedStr):
        return [str(part.value) for part in text.values if isinstance(part, ast.Constant)]
    return []


def test_every_code_is_on_the_page(page: str) -> None:
    assert [code for code in (*CauseKind, *ProblemKind) if f"| `{code}`" not in page] == []


def test_every_line_of_the_logs_that_a_person_is_to_see_is_on_the_page(checkout: Path, page: str) -> None:
    missing = [
        f"{path}: {line}"
        for path, call in calls(checkout)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in LOG_LEVELS
        and ast.unparse(call.func.value) in LOGS
        for line in pieces(call.args[0])
        if isinstance(call.args[0], ast.Constant) and f"`{line}`" not in page
    ]
    assert missing == []


def test_no_line_is_on_the_page_that_is_said_no_more(checkout: Path, page: str) -> None:
    section = page.partition("## What the logs say")[2].partition("\n## ")[0]
    said = {piece for _, call in calls(checkout) for piece in pieces(call.args[0])}
    assert [line for line in re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE) if line not in said] == []


def test_every_error_that_an_operator_is_to_mend_is_on_the_page(checkout: Path, page: str) -> None:
    missing = [
        f"{path}: {words}"
        for path, call in calls(checkout)
        if isinstance(call.func, ast.Name) and call.func.id in OPERATORS
        for words in long_enough(call.args[0])[:1]
        if words not in page
    ]
    assert missing == []


def long_enough(text: ast.expr) -> list[str]:
    """Pieces of a text to find it by, each up to its first full stop: what follows is the mend."""
    beginnings = [re.split(r"\. |\n", piece.strip(" .:;("), maxsplit=1)[0].strip(" .:;(") for piece in pieces(text)]
    return [words for words in beginnings if len(words) >= LEAST_LENGTH]


def test_the_user_that_a_folder_is_to_be_given_to_is_that_of_the_images(checkout: Path) -> None:
    (number,) = re.findall(r"useradd .*--uid (\d+)", (checkout / "Dockerfile").read_text())
    assert f"`chown -R {number} DIR`" in EXPLANATIONS[CauseKind.DISK_DENIED].mend
