"""How busy this machine is with other things, so that what is promised in seconds can be tested on it."""

import threading
import time
from types import TracebackType
from typing import Self

EVERY_SECONDS = 0.5
WORK_SECONDS = 0.01


class Slowness:
    """Measures, while it is entered, how many times as long as on a quiet machine work takes.

    A little work is done again and again: it takes as long as its processor time where nobody else wants the processor.
    """

    def __init__(self) -> None:
        self._worked = self._took = WORK_SECONDS
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="slowness", daemon=True)

    @property
    def factor(self) -> float:
        """So far, on average; 1 on a quiet machine, 3 where three others want the same core."""
        return max(1.0, self._took / self._worked)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end.set()
        self._thread.join()

    def _measure(self) -> None:
        while not self._end.wait(EVERY_SECONDS):
            began, worked = time.monotonic(), time.thread_time()
            while time.thread_time() < worked + WORK_SECONDS:
                pass
            self._worked += time.thread_time() - worked
            self._took += time.monotonic() - began
