"""Projects that a request names and this backend does not know: only those that Label Studio has get work.

Anybody can name any number. So numbers are asked for together, in one call of Label Studio now and then, and what it
does not have is not asked for again for a while: a thousand numbers made up cost as little as one, and no other project
waits. Nothing is dropped, either: a number that is named again meanwhile is asked for when that while is over, for it
may have become a project's.
"""

import threading
import time
from collections.abc import Callable, Collection, Sequence

from cachetools import TTLCache

from backend import logs
from backend.errors import LabelLoopError

ASKED_AT_ONCE = 100
"""As many as Label Studio lists on a page."""

PAUSE_SECONDS = 0.5
RETRY_SECONDS = 5.0
MOST_WAITING = 1_000
REMEMBERED, REMEMBERED_SECONDS = 10_000, 10.0

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
        # Numbers by the time from which they may be asked for.
        self._waiting: dict[int, float] = {}
        self._absent_until: TTLCache[int, float] = TTLCache(REMEMBERED, REMEMBERED_SECONDS)
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._unanswered = False

    def add(self, number: int) -> None:
        """Have a number asked for, later where Label Studio had no such project a moment ago; returns at once."""
        with self._changed:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.setdefault(number, self._absent_until.get(number, 0.0))
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
        now = time.monotonic()
        with self._changed:
            asked = [number for number, begin in self._waiting.items() if begin <= now][:ASKED_AT_ONCE]
        if not asked:
            return PAUSE_SECONDS
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
                    self._absent_until[number] = now + REMEMBERED_SECONDS
        for number in existing:
            self._admit(number)
        if len(existing) < len(asked):
            absent = sorted(set(asked) - existing)
            log.warning("Label Studio has no such projects, or the token may not see them", projects=absent)
        return PAUSE_SECONDS
