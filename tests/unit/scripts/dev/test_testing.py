"""`./scripts/test`: what it hands to pytest, and what it says of the checks that run beside it."""

import sys

import pytest

from scripts.dev.testing import QUICK, QUICK_FOLDERS, RunningCheck, told, without_servers


def check_that(code: str) -> RunningCheck:
    return RunningCheck("spelling", (sys.executable, "-c", code))


def test_quick_is_all_folders_that_need_no_server() -> None:
    assert without_servers(["-x"]) == [*QUICK, "-x", *QUICK_FOLDERS]


def test_quick_is_what_is_named_and_needs_no_server() -> None:
    named = "tests/unit/scripts/dev/test_testing.py::test_quick_is_what_is_named_and_needs_no_server"
    assert without_servers([named]) == [*QUICK, named]


def test_a_check_that_passes_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(check_that("print('all is well')"))
    assert capsys.readouterr().out == "spelling: passed\n"


def test_a_check_that_fails_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert not told(check_that("print('line 3'); raise SystemExit(1)"))
    assert capsys.readouterr().out == "spelling: FAILED\n    line 3\n"
