"""Lets a computation be given up at any moment, so that a person's Submit never waits for figures."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

LOOK_SECONDS = 0.1

SIGNAL = signal.SIGUSR1


class GivenUp(BaseException):
    """The computation was cut off. No `Exception`: nothing on the way may take it for a failure and go on."""


@contextmanager
def interruptible(interrupted: Callable[[], bool]) -> Iterator[None]:
    """Raise GivenUp inside the block soon after `interrupted` says so, between two steps of Python.

    What the block does must be safe to cut off anywhere: it computes, and writes nothing. Works in the main thread
    only, as signals do; a work-horse's job runs there.

    Args:
        interrupted: asked every tenth of a second, in a thread of its own; must not raise.
    """
    inside = True
    over = threading.Event()
    caller = threading.get_ident()

    def give_up(_: int, __: FrameType | None) -> None:
        if inside:
            raise GivenUp

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            if interrupted():
                signal.pthread_kill(caller, SIGNAL)
                return

    before = signal.signal(SIGNAL, give_up)
    watcher = threading.Thread(target=watch, name="interruptible", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        inside = False
        over.set()
        watcher.join()
        signal.signal(SIGNAL, before)
