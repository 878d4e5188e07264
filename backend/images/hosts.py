"""Hosts that don't answer: after a few failures in a row one is left alone for a while, with all of its images.

The while is short at first, since a few addresses of a host may be dead and the others well; it doubles while no image
comes. An address that failed before says nothing new of its host: whoever asks for it again gives the host up for the
moment, and nobody else does.
"""

import math
import threading
import time
from typing import Protocol

from cachetools import LRUCache

from backend import logs
from backend.images.outcome import FetchProblem, UnavailableError

FAILURES = 3
"""In a row, after which a host is given up."""
FIRST_PAUSE, LONGEST_PAUSE = 10, 300
"""Seconds."""
COUNTED_SECONDS = 4 * LONGEST_PAUSE
"""For so long it is remembered how often a host was given up, and which addresses failed."""
REMEMBERED = 10_000
"""Hosts at most: their names are strangers'."""
ASK_SECONDS = 5.0
"""How long it may be before a process hears of a host that another one gave up."""

log = logs.get()


class Marks(Protocol):
    """Marks that fade by themselves, and that all processes see."""

    def mark(self, name: str, seconds: int) -> None:
        """Set a mark for so long."""

    def is_marked(self, name: str) -> bool:
        """Whether a mark is there."""

    def count(self, name: str, seconds: int) -> int:
        """How often this was asked before, with no `forget` and no more than so long in between."""

    def forget(self, name: str) -> None:
        """Take the mark and the count away."""


class Hosts:
    """Which hosts are given up. Safe to use from several threads."""

    def __init__(self, marks: Marks | None = None) -> None:
        """Begin with all hosts asked.

        Args:
            marks: of hosts that any process gave up; without them each process finds out for itself.
        """
        self._marks = marks
        self._lock = threading.Lock()
        self._failures: LRUCache[str, int] = LRUCache(REMEMBERED)
        self._new_failures: LRUCache[str, int] = LRUCache(REMEMBERED)
        self._given_up: LRUCache[str, int] = LRUCache(REMEMBERED)
        self._answering: LRUCache[str, bool] = LRUCache(REMEMBERED)
        self._given_up_until: LRUCache[str, float] = LRUCache(REMEMBERED)
        self._marks_seen: LRUCache[str, float] = LRUCache(REMEMBERED)

    def check(self, host: str) -> None:
        """Let a host be asked.

        Raises:
            UnavailableError: it is given up for now.
        """
        if self._is_given_up(host):
            raise UnavailableError(
                FetchProblem.HOST_GIVEN_UP,
                f"{host} did not answer for other images; it is tried again in a while.",
            )

    def answered(self, host: str) -> None:
        """A host is there."""
        with self._lock:
            self._failures.pop(host, None)
            self._new_failures.pop(host, None)
            self._given_up.pop(host, None)
            self._given_up_until.pop(host, None)
            if self._marks is None or self._answering.get(host):
                return
            self._answering[host] = True
        # Another process may have given it up.
        self._marks.forget(host)

    def failed(self, host: str, reason: str, address: str) -> None:
        """A host was not there, or took all of its time.

        Args:
            host: with its port.
            reason: for the log.
            address: of the image, before any redirection.
        """
        is_new = self._is_new(address)
        with self._lock:
            failures = self._failures[host] = self._failures.get(host, 0) + 1
            new_failures = self._new_failures[host] = self._new_failures.get(host, 0) + is_new
            if failures < FAILURES or time.monotonic() < self._given_up_until.get(host, 0.0):
                return
            self._answering.pop(host, None)
            # Until the pause is known: other threads fail at the same moment.
            self._given_up_until[host] = time.monotonic() + FIRST_PAUSE
        if new_failures < FAILURES:
            return
        seconds = min(FIRST_PAUSE * 2 ** self._times_before(host), LONGEST_PAUSE)
        with self._lock:
            self._given_up_until[host] = time.monotonic() + seconds
        log.warning("host given up for now", host=host, seconds=seconds, reason=reason)
        if self._marks is not None:
            self._marks.mark(host, seconds)

    def _is_new(self, address: str) -> bool:
        """Whether an address has not failed before, in any process."""
        if self._marks is None:
            return True
        is_new = not self._marks.is_marked(address)
        self._marks.mark(address, COUNTED_SECONDS)
        return is_new

    def _times_before(self, host: str) -> int:
        """How often a host was given up before, by any process, since it answered last."""
        with self._lock:
            times = self._given_up[host] = self._given_up.get(host, -1) + 1
        return times if self._marks is None else max(times, self._marks.count(host, COUNTED_SECONDS))

    def _is_given_up(self, host: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if now < self._given_up_until.get(host, 0.0):
                return True
            if self._marks is None or now < self._marks_seen.get(host, -math.inf) + ASK_SECONDS:
                return False
            self._marks_seen[host] = now
        if not self._marks.is_marked(host):
            return False
        with self._lock:
            self._given_up_until[host] = now + ASK_SECONDS
        return True
