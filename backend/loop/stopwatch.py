"""How long the stages of a run take."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from backend.queue.counters import Counters


class Stopwatch:
    """Measures stages; before each it asks whether the project is still ours.

    Attributes:
        done: the seconds of each stage, and whatever else the run counts.
    """

    def __init__(self, still_ours: Callable[[], None]) -> None:
        """Begin with nothing measured.

        Args:
            still_ours: raises when the lease on the project was lost.
        """
        self._still_ours = still_ours
        self.done = Counters()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a block, unless it fails."""
        self._still_ours()
        started = time.perf_counter()
        yield
        self.done.seconds[name] = time.perf_counter() - started
