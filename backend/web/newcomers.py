"""Projects that a request names and this backend does not know: only those that Label Studio has get work.

Anybody can name any number. So numbers are asked for together, in one call of Label Studio now and then, and what it
does not have is remembered for a while: a thousand numbers made up cost as little as one, and no other project waits.
"""

import threading
from collections.abc import Callable, Collection, Sequence

from cachetools import TTLCache

from backend import logs
from backend.errors import LabelLoopError

ASKED_AT_ONCE = 100
"""As many as Label Studio lists on a page."""

PAUSE_SECONDS = 0.5
RETRY_SECONDS = 5.0
MOST_WAITING = 1_000
REMEMBERED, REMEMBERED_SECONDS = 10_000, 30.0

log = logs.get()


class Newcomers:
    """Numbers of projects that nobody knows yet. Safe to use from several threads."""

    def __init__(self, existing: Callable[[Sequence[int]], Collection[int]], admit: Callable[[int], None]) -> None:
        """Begin with nobody at the door.

        Args:
            existing: which of some numbers, at most `ASKED_AT_ONCE`, Label Studio has projects of.
            admit: gets each number that it has.
        """
        self._existing = existing
        self._admit = admit
        self._waiting: dict[int, None] = {}
        self._refused: TTLCache[int, None] = TTLCache(REMEMBERED, REMEMBERED_SECONDS)
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._unanswered = False

    def add(self, number: int) -> None:
        """Have a number asked for, unless Label Studio had no such project a moment ago; returns at once."""
        with self._changed:
            if number not in self._refused and len(self._waiting) < MOST_WAITING:
                self._waiting[number] = None
                self._changed.notify()

    def run(self) -> None:
        """Ask for what waits, until `stop`."""
        while not self._stopping.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping.is_set())
            if not self._stopping.is_set():
                self._stopping.wait(self._step())

    def ask(self, number: int) -> bool:
        """Whether Label Studio has a project of this number; asks at once, and where it does not say, a run will."""
        try:
            return number in self._existing([number])
        except LabelLoopError:
            return True

    def stop(self) -> None:
        """Ask no further."""
        with self._changed:
            self._stopping.set()
            self._changed.notify()

    def _step(self) -> float:
        """Ask for some; returns the seconds until the next may be asked for."""
        with self._changed:
            asked = list(self._waiting)[:ASKED_AT_ONCE]
        try:
            existing = set(self._existing(asked)).intersection(asked)
        except LabelLoopError as error:
            if not self._unanswered:
                log.warning("projects that are not known yet wait for Label Studio", reason=str(error))
            self._unanswered = True
            return RETRY_SECONDS
        self._unanswered = False
        with self._changed:
            for number in asked:
                del self._waiting[number]
                if number not in existing:
                    self._refused[number] = None
        for number in existing:
            self._admit(number)
        if len(existing) < len(asked):
            absent = sorted(set(asked) - existing)
            log.warning("Label Studio has no such projects, or the token may not see them", projects=absent)
        return PAUSE_SECONDS
