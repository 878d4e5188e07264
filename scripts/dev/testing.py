"""What `./scripts/test` runs: pytest, and beside it what checks the code without running it."""

import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

from scripts.cli.options import CHECKOUT

BIN = Path(sys.executable).parent
QUICK = ("-m", "not integration and not browser and not slow")
QUICK_FOLDERS = ("tests/unit", "tests/contract")
# A module stays in one process, so that what its tests share is set up once; the order is that of tests/conftest.py.
PROCESSES = ("--numprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder")
CHECKS = {
    "ruff check": (str(BIN / "ruff"), "check", "."),
    "ruff format": (str(BIN / "ruff"), "format", "--check", "."),
    "mypy": (str(BIN / "mypy"),),
    "lint-imports": (str(BIN / "lint-imports"), "--no-logo"),
    "generated files": (sys.executable, "-m", "scripts.dev", "document", "--check"),
}


class RunningCheck:
    """A check that was started with a lower priority than the tests.

    Args:
        name: for its line.
        command: program and arguments.
    """

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name = name
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this object
        niced = ("nice", "-n", "10", *command)
        self._process = subprocess.Popen(
            niced, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=self._said, stderr=subprocess.STDOUT
        )

    def passed(self) -> bool:
        """Whether it passed, once it has ended."""
        return self._process.wait() == 0

    def said(self) -> str:
        """What it has printed."""
        self._said.seek(0)
        return self._said.read().decode(errors="replace").rstrip()


def run_tests(given: Sequence[str], *, quick: bool) -> int:
    """Run what is asked for.

    Args:
        given: arguments for pytest; without any, the checks run, too.
        quick: only the tests that need no server.

    Returns:
        pytest's exit code where it is not 0, and 1 where only a check failed.
    """
    # pytest hands Ctrl-C on and ends by itself. Unlike a signal that is ignored, one with a handler is not handed down:
    # what a shell in the background ignores, the tests' own processes don't.
    signal.signal(signal.SIGINT, lambda *_: None)
    checks = [] if given else [RunningCheck(name, command) for name, command in CHECKS.items()]
    chosen = without_servers(given) if quick else given
    status = subprocess.call([sys.executable, "-m", "pytest", *PROCESSES, *chosen], cwd=CHECKOUT)
    failed = [check.name for check in checks if not told(check)]
    reasons = [f"pytest ended with {status}"] * bool(status) + [f"{name} failed" for name in failed]
    print(f"tests: failed ({', '.join(reasons)})" if reasons else "tests: passed", flush=True)
    return status or int(bool(failed))


def without_servers(given: Sequence[str]) -> list[str]:
    """Arguments for the tests that need no server, all of them or those of the files that are named."""
    named = any((CHECKOUT / argument.partition("::")[0]).exists() for argument in given if not argument.startswith("-"))
    return [*QUICK, *given, *(() if named else QUICK_FOLDERS)]


def told(check: RunningCheck) -> bool:
    """Wait for a check and print its line, and what it said only where it failed; whether it passed."""
    passed = check.passed()
    print(f"{check.name}: {'passed' if passed else 'FAILED'}")
    if not passed:
        print(textwrap.indent(check.said(), "    "))
    return passed
