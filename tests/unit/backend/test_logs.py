"""Logs: no line is longer than somebody reads, whatever it is that it tells of."""

import subprocess
import sys
from pathlib import Path

import pytest

from backend import logs

CHECKOUT = Path(__file__).parents[3]
LONGEST = 8_000

BEGIN = """
import logging
from backend import logs
from backend.settings import Settings
logs.configure(Settings(log_json={as_json}))
"""
LINES = {
    "a text": "logs.get().warning('refused', reason='x' * 20_000_000)",
    "a list": "logs.get().warning('refused', reason=['x' * 1_000_000])",
    "bytes": "logs.get().warning('refused', reason=b'x' * 1_000_000)",
    "a library's": "logging.getLogger('library').warning('refused %s', 'x' * 1_000_000)",
}
TRACEBACK = """
try:
    raise ValueError('x' * 1_000_000 + ' at the end')
except ValueError:
    logs.get().exception('failed')
"""


def said(statement: str, as_json: bool) -> str:
    """What a process of its own logs: the tests' logging is pytest's."""
    command = [sys.executable, "-c", BEGIN.format(as_json=as_json) + statement]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=60).stderr


@pytest.mark.fault("S11")
@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "text"])
def test_what_is_long_is_shortened(as_json: bool) -> None:
    lines = said("\n".join(LINES.values()), as_json).splitlines()
    assert len(lines) == len(LINES)
    assert all("characters" in line and len(line) < LONGEST for line in lines)


@pytest.mark.fault("S11")
@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "text"])
def test_a_long_traceback_keeps_its_end(as_json: bool) -> None:
    told = said(TRACEBACK, as_json)
    assert "at the end" in told
    assert len(told) < logs.MOST_OF_A_TRACEBACK + LONGEST
