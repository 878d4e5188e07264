"""Ctrl-C while something runs that must end between two of its steps, here or in a child process."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess
from types import FrameType


@contextmanager
def ctrl_c() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed: a training ends between two steps then. Pressed again, it ends at once."""
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


def start_deaf(process: SpawnProcess) -> None:
    """Start a process that Ctrl-C doesn't reach: it is the parent's alone to answer."""
    # The first child brings a tracker of resources, whose start unblocks signals; so it is started before.
    resource_tracker.ensure_running()
    # A child inherits what is blocked.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    process.start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
