"""When is swept: once a day, by one of the web processes, and not right after a start."""

import time
from collections.abc import Callable

from backend.services import Services

FIRST_SECONDS = 600.0
DAY_SECONDS = 24 * 3600


class Sweeping:
    """Called every few minutes, by one thread."""

    def __init__(self, services: Services, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with a pause.

        Args:
            services: of the process.
            clock: seconds.
        """
        self._services = services
        self._clock = clock
        self._first = clock() + FIRST_SECONDS

    def step(self) -> None:
        """Sweep if that is due."""
        if self._clock() >= self._first and self._services.queue.claim("swept", DAY_SECONDS):
            self._services.sweeper.run()
