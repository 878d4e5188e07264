"""Deadlines in total: a scope of the thread, which every wait of a socket in it is cut to.

A time limit of a socket bounds the gap between two bytes only: a host that sends one a second is never late by it.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_MOMENT: ContextVar[float] = ContextVar("deadline", default=math.inf)


class DeadlineError(TimeoutError):
    """What was to be done by a deadline was not."""

    def __init__(self) -> None:
        super().__init__("not done in time")


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Let nothing in the block wait beyond a moment; a scope around it can only make that sooner.

    Args:
        moment: by the monotonic clock.
    """
    before = _MOMENT.set(min(moment, _MOMENT.get()))
    try:
        yield
    finally:
        _MOMENT.reset(before)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let nothing in the block wait any longer than so many seconds, all waits together."""
    with until(time.monotonic() + seconds):
        yield


def seconds_left() -> float:
    """Seconds until the innermost deadline, above 0; infinite outside of any.

    Raises:
        DeadlineError: it has passed.
    """
    left = _MOMENT.get() - time.monotonic()
    if left <= 0:
        raise DeadlineError
    return left


def is_over() -> bool:
    """Whether the innermost deadline has passed."""
    return time.monotonic() >= _MOMENT.get()


def timeout() -> float | None:
    """The same as a time limit of the standard library's: None where there is no deadline.

    Raises:
        DeadlineError: it has passed.
    """
    left = seconds_left()
    return None if math.isinf(left) else left
