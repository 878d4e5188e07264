"""Processes of our own: started in their own session, restarted when they die, stopped with all their children."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.stack.errors import StackError

POLL_SECONDS = 0.1
LOG_TAIL_LINES = 15
PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec nothing may be imported.
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class ProcessSpec:
    """What to run, and how to tell that it is ready.

    Attributes:
        name: for messages, e.g. `Label Studio`.
        command: program and arguments.
        environment: the whole environment of the process.
        folder: its working folder.
        log: file that its output is appended to.
        is_ready: asked until it says yes; must not raise.
        patience: seconds it may take to become ready.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    is_ready: Callable[[], bool]
    patience: float = 120.0


class LocalProcess:
    """One running process of a spec, with everything that it forks."""

    def __init__(self, spec: ProcessSpec) -> None:
        self.spec = spec
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running process.

        Raises:
            StackError: it was never started.
        """
        if self._popen is None:
            raise StackError(f"{self.spec.name} was never started.")
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        """Start it; what is left of an earlier start of it ends first.

        Raises:
            StackError: the program is not there.
        """
        self.kill()
        self.spec.log.parent.mkdir(parents=True, exist_ok=True)
        parent = os.getpid()
        with self.spec.log.open("ab") as log:
            try:
                self._popen = subprocess.Popen(
                    self.spec.command,
                    env=dict(self.spec.environment),
                    cwd=self.spec.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=lambda: _end_with(parent),  # noqa: PLW1509 (it makes two system calls, no more)
                )
            except OSError as problem:
                raise StackError(f"{self.spec.name} could not be started: {problem}") from problem

    def wait_until_ready(self) -> None:
        """Return when it is ready.

        Raises:
            StackError: it ended, or was not ready in time; the message holds the end of its log.
        """
        deadline = time.monotonic() + self.spec.patience
        while not self.spec.is_ready():
            if not self.is_running:
                raise StackError(f"{self.spec.name} ended while starting. {self._log_tail()}")
            if time.monotonic() > deadline:
                raise StackError(f"{self.spec.name} was not ready after {self.spec.patience:.0f} s. {self._log_tail()}")
            time.sleep(POLL_SECONDS)

    def stop(self, patience: float = 10.0) -> None:
        """Ask it to end, wait, and kill what is left of it after `patience` seconds."""
        if self._popen is not None and self.is_running:
            with suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(patience)
        self.kill()

    def kill(self) -> None:
        """End it and its children at once, as `kill -9` does."""
        if self._popen is None:
            return
        for pid in _session_members(self._popen.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._popen.wait()

    def exit_status(self) -> int | None:
        """Exit status, negative for a signal; None while it runs or before it was started."""
        return self._popen.poll() if self._popen is not None else None

    def _log_tail(self) -> str:
        lines = self.spec.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return f"The end of {self.spec.log}:\n" + "\n".join(f"  {line}" for line in lines)


class Supervisor:
    """Keeps a list of processes running until it is told to stop.

    Args:
        announce: gets one line when a process died and is started again.
    """

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._processes: list[LocalProcess] = []
        self._failures: dict[str, int] = {}
        self._next_start: dict[str, float] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, *specs: ProcessSpec) -> None:
        """Start processes side by side and return when all are ready.

        Raises:
            StackError: one does not become ready; `stop` ends the others.
        """
        started = [LocalProcess(spec) for spec in specs]
        for process in started:
            self._processes.append(process)
            process.start()
        for process in started:
            process.wait_until_ready()

    def watch(self) -> None:
        """From now on, start again what dies."""
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop all processes, the last started first."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        for process in reversed(self._processes):
            process.stop()

    def _watch(self) -> None:
        while not self._stopping.wait(0.5):
            for process in self._processes:
                if not process.is_running:
                    self._restart_when_due(process)

    def _restart_when_due(self, process: LocalProcess) -> None:
        name, now = process.spec.name, time.monotonic()
        if now < self._next_start.get(name, 0.0):
            return
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        # A process that dies at once each time is tried ever more seldom, up to every half minute.
        self._next_start[name] = now + min(30.0, 2.0**failures)
        self._announce(f"{name} ended ({_reason(process.exit_status())}); starting it again. Log: {process.spec.log}")
        process.start()


def _reason(status: int | None) -> str:
    if status is not None and status < 0:
        return f"signal {signal.Signals(-status).name}"
    return f"exit status {status}"


def _session_members(session: int) -> list[int]:
    """Process ids of the session that a process of ours leads: its children too, even those with their own group."""
    members = []
    for pid in _all_pids():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == session:
                members.append(pid)
    return members


def _all_pids() -> list[int]:
    proc = Path("/proc")
    if (proc / "self").exists():
        return [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()]
    listing = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=True).stdout
    return [int(pid) for pid in listing.split()]


def _end_with(parent: int) -> None:
    """In the new process: be killed when the parent dies, however it dies (Linux only).

    Asked politely, all at once, a worker would wait for a Redis that is gone.
    """
    if LIBC is None:
        return
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
