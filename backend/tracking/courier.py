"""When what is tracked is delivered: by a process of its own, which the web process starts while nobody labels.

To load MLflow takes seconds of a processor. Here neither a run nor a request pays for them.
"""

import subprocess
import sys
import time

from backend import logs
from backend.queue.project_queue import ProjectQueue
from backend.store.mirror import Mirror
from backend.tracking.outbox import Outbox

COMMAND = (sys.executable, "-m", "backend.tracker")

QUIET_SECONDS = 30.0
"""A delivery starts when nobody has labelled for so long."""

PATIENCE_SECONDS = 600.0
"""What waits so long is delivered although somebody labels."""

LEAST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0
"""Seconds between two deliveries: the longer, the more of them in a row left something behind."""

log = logs.get()


class Courier:
    """Starts deliveries, one at a time."""

    def __init__(self, outbox: Outbox, mirror: Mirror, queue: ProjectQueue, command: tuple[str, ...] = COMMAND) -> None:
        """Begin with nothing delivered.

        Args:
            outbox: what is delivered.
            mirror, queue: tell whether somebody labels.
            mirror: of Label Studio.
            queue: of all projects.
            command: that delivers.
        """
        self._outbox = outbox
        self._mirror = mirror
        self._queue = queue
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._next = 0.0

    def step(self) -> None:
        """Start a delivery if one is due."""
        outbox = self._outbox
        if not outbox.enabled or self._is_under_way():
            return
        items = len(outbox.waiting())
        if items and time.monotonic() >= self._next and (self._is_quiet() or outbox.waited() > PATIENCE_SECONDS):
            log.info("delivering to MLflow", items=items)
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own module

    def _is_under_way(self) -> bool:
        """Whether a delivery runs; notes how the last one ended."""
        if self._process is None:
            return False
        status = self._process.poll()
        if status is None:
            return True
        self._process = None
        self._failures = self._failures + 1 if status else 0
        self._next = time.monotonic() + min(LEAST_PAUSE * 2.0**self._failures, LONGEST_PAUSE)
        return False

    def _is_quiet(self) -> bool:
        queue = self._queue
        projects = [mirrored.project for mirrored in self._mirror.projects()]
        return all(queue.quiet_seconds(project) >= QUIET_SECONDS and not queue.busy(project) for project in projects)
