"""Ctrl-C while something runs that must end between two of its steps."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """A person pressed Ctrl-C, and what was under way ended between two of its steps; what is finished stays."""


@contextmanager
def ctrl_c() -> Iterator[Callable[[], bool]]:
    """Take note of Ctrl-C while the block runs; pressed again, it raises KeyboardInterrupt at once.

    Yields:
        Whether it was pressed.
    """
    pressed = False

    def note(signum: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            signal.default_int_handler(signum, frame)
        pressed = True

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: pressed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
