"""How many bytes of images may be in memory at once, in one process."""

import threading
from collections.abc import Callable

from backend.images.outcome import FetchProblem, UnavailableError

BYTES_AT_ONCE = 256_000_000
BYTES_FREE = 8_000_000
"""That each call may have whatever the others hold: images of usual size always get through."""

Taken = Callable[[int], None]
"""Told the size of each piece of an image before it is kept; raises where there is no room."""


def unlimited(size: int) -> None:
    """For one image alone: its own limit is enough."""


class ByteBudget:
    """What all calls of a process share. Safe to use from several threads."""

    def __init__(self, total: int = BYTES_AT_ONCE) -> None:
        self.total = total
        self._left = total
        self._lock = threading.Lock()

    def share(self) -> "BudgetShare":
        """The part that one call takes."""
        return BudgetShare(self)

    def move(self, size: int) -> bool:
        """Take bytes, or give them back where `size` is below 0; False, and nothing taken, where there is no room."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True


class BudgetShare:
    """What one call holds of the budget. Safe to use from several threads."""

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self._lock = threading.Lock()
        self._is_closed = False
        self.held = 0

    def take(self, size: int) -> None:
        """Hold more bytes.

        Raises:
            UnavailableError: there is no room for them.
        """
        if not self._move(size):
            raise UnavailableError(FetchProblem.NO_ROOM, "too many bytes of images are in memory; it is fetched later.")

    def give_back(self, size: int) -> None:
        """Hold fewer bytes."""
        self._move(-size)

    def close(self) -> None:
        """Hold none, and take none any more."""
        with self._lock:
            self._budget.move(-max(0, self.held - BYTES_FREE))
            self.held, self._is_closed = 0, True

    def _move(self, size: int) -> bool:
        with self._lock:
            if self._is_closed:
                return False
            charged = max(0, self.held + size - BYTES_FREE) - max(0, self.held - BYTES_FREE)
            if not self._budget.move(charged):
                return False
            self.held += size
            return True
