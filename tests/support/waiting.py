"""Waiting for something that another process does."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 120.0
"""Far longer than anything takes, so that no test depends on a quiet machine; what comes is seen at once."""


def until(
    question: Callable[[], T | None],
    what: str,
    seconds: float = PATIENCE_SECONDS,
    pause: float = 0.1,
    *,
    more: Callable[[], str] | None = None,
) -> T:
    """The first answer that is neither None nor false.

    Args:
        question: asked again and again.
        what: is waited for; said when it does not come.
        seconds: how long it may take.
        pause: between two questions, in seconds.
        more: what else to say when it does not come, e.g. the end of a log; asked for only then.

    Raises:
        AssertionError: it did not come in time.
    """
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > deadline:
            told = f"\n{more()}" if more else ""
            raise AssertionError(f"Waited {seconds:.0f} s in vain for {what}.{told}")
        time.sleep(pause)
    return answer
