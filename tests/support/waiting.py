"""Waiting for something that another process does."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(question: Callable[[], T | None], what: str, seconds: float = 30.0, pause: float = 0.1) -> T:
    """The first answer that is neither None nor false.

    Args:
        question: asked again and again.
        what: is waited for; said when it does not come.
        seconds: how long it may take.
        pause: between two questions.

    Raises:
        AssertionError: it did not come in time.
    """
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds:.0f} s in vain for {what}.")
        time.sleep(pause)
    return answer
