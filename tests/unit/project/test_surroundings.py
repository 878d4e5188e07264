"""Tests don't depend on how the shell was started that runs them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ASKED_IN_A_TEST = """
import signal, subprocess, sys
from tests.support.surroundings import forget_the_shell
forget_the_shell()
child = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout.strip())
"""


@pytest.mark.fault("R18")
def test_what_a_test_starts_hears_ctrl_c_also_where_a_background_shell_does_not(checkout: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", ASKED_IN_A_TEST],
        cwd=checkout,
        check=True,
        capture_output=True,
        text=True,
        # As `nohup … &` leaves it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert answer.stdout.strip() == "True"
