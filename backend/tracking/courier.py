"""When what is tracked is delivered: by a process of its own, which the web process starts while nobody labels.

To load MLflow takes seconds of a processor. Here neither a run nor a request pays for them.
"""

import subprocess
import sys
import time
from collections.abc import Callable

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

    def __init__(
        self,
        outbox: Outbox,
        mirror: Mirror,
        queue: ProjectQueue,
        command: tuple[str, ...] = COMMAND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nothing delivered.

        Args:
            outbox: what is delivered.
            mirror: of Label Studio; with the queue it tells whether somebody labels.
            queue: of all projects.
            command: that delivers.
            clock: seconds; tells when a pause is over.
        """
        self._outbox = outbox
        self._mirror = mirror
        self._queue = queue
        self._command = command
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._next = 0.0

    def step(self) -> None:
        """Start a delivery if one is due."""
        outbox = self._outbox
        if not outbox.enabled or self.is_delivering:
            return
        self._note_the_last_end()
        items = len(outbox.waiting())
        if items and self._clock() >= self._next and (self._is_quiet() or outbox.waited() > PATIENCE_SECONDS):
            log.info("delivering to MLflow", items=items)
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own module

    @property
    def is_delivering(self) -> bool:
        """Whether a delivery runs."""
        return self._process is not None and self._process.poll() is None

    def _note_the_last_end(self) -> None:
        """Begin the pause after a delivery that has ended."""
        if self._process is None:
            return
        self._failures = self._failures + 1 if self._process.returncode else 0
        self._next = self._clock() + min(LEAST_PAUSE * 2.0**self._failures, LONGEST_PAUSE)
        self._process = None

    def _is_quiet(self) -> bool:
        queue = self._queue
        projects = [mirrored.project for mirrored in self._mirror.projects()]
        return all(queue.quiet_seconds(project) >= QUIET_SECONDS and not queue.busy(project) for project in projects)
