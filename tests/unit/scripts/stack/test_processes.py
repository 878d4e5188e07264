"""Processes of our own: what they leave behind, and who starts them again."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.stack.errors import StackError
from scripts.stack.ports import choose_port, is_free
from scripts.stack.processes import LocalProcess, ProcessSpec, Supervisor

CHECKOUT = Path(__file__).parents[4]
# Starts a child with a process group of its own, as RQ does, and both ignore polite requests.
STUBBORN = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setpgrp()
    pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(600)
"""


def spec(folder: Path, code: str, *arguments: str, is_ready: Callable[[], bool] = lambda: True) -> ProcessSpec:
    return ProcessSpec(
        name="sleeper",
        command=(sys.executable, "-c", code, *arguments),
        environment=dict(os.environ),
        folder=folder,
        log=folder / "sleeper.log",
        is_ready=is_ready,
        patience=10.0,
    )


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor(announce=lambda line: None)
    yield made
    made.stop()


def test_stopping_ends_children_with_a_group_of_their_own(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    process = LocalProcess(spec(tmp_path, STUBBORN, str(pid_file), is_ready=lambda: bool(pid_file.exists())))
    process.start()
    process.wait_until_ready()
    assert wait_until(lambda: pid_file.read_text() != "")
    process.stop(patience=0.2)
    assert wait_until(lambda: not is_alive(int(pid_file.read_text())))


def test_stopping_leaves_other_processes_alone(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    process = LocalProcess(spec(tmp_path, "import time; time.sleep(600)"))
    process.start()
    process.stop()
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = """
import os, pathlib, sys, time
from scripts.stack.processes import LocalProcess, ProcessSpec
folder = pathlib.Path(sys.argv[1])
sleeper = (sys.executable, "-c", "import time; time.sleep(600)")
process = LocalProcess(ProcessSpec("sleeper", sleeper, dict(os.environ), folder, folder / "log", lambda: True))
process.start()
print(process.pid, flush=True)
time.sleep(600)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    parent = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until(lambda: not is_alive(child))


def test_a_process_that_ends_while_starting_shows_the_end_of_its_log(tmp_path: Path, supervisor: Supervisor) -> None:
    with pytest.raises(StackError, match=r"sleeper ended while starting(.|\n)*no such table"):
        supervisor.start(spec(tmp_path, "print('no such table'); raise SystemExit(3)", is_ready=lambda: False))


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = ProcessSpec("Redis", ("/no/such/redis",), {}, tmp_path, tmp_path / "log", lambda: True)
    with pytest.raises(StackError, match=r"Redis could not be started(.|\n)*/no/such/redis"):
        LocalProcess(missing).start()


def test_a_process_that_dies_is_started_again_with_a_message(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(announce=said.append)
    code = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(600)"
    supervisor.start(spec(tmp_path, code, is_ready=lambda: bool((tmp_path / "pid").exists())))
    first = wait_until(lambda: (tmp_path / "pid").read_text() != "") and (tmp_path / "pid").read_text()
    supervisor.watch()
    os.kill(int(first), signal.SIGKILL)
    assert wait_until(lambda: (tmp_path / "pid").read_text() not in ("", first))
    supervisor.stop()
    assert "sleeper ended (signal SIGKILL); starting it again" in said[0]
    assert wait_until(lambda: not is_alive(int((tmp_path / "pid").read_text())))


def test_a_taken_port_is_replaced_by_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free(port)
        assert choose_port(port) > port


def test_a_promised_port_is_not_given_twice() -> None:
    free = choose_port(20_000)
    assert choose_port(free, avoid={free}) > free


def test_two_processes_never_choose_the_same_port() -> None:
    ours = choose_port(21_000)
    code = f"from scripts.stack.ports import choose_port; print(choose_port({ours}))"
    theirs = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert int(theirs.stdout) != ours
