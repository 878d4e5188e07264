"""Ctrl-C: ending at once, or between two steps."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from scripts.cli.commands import ExitCode

GO_ON = "The same command goes on with what is not finished."


class Interrupted(KeyboardInterrupt):
    """A person pressed Ctrl-C, and what was under way ended between two of its steps; what is finished stays."""


def until_interrupted(command: Callable[[], int], how_to_go_on: str = GO_ON) -> int:
    """Run a command that takes long.

    Args:
        command: gives its exit code.
        how_to_go_on: what a person is told who pressed Ctrl-C.

    Returns:
        The command's own exit code, or 130 after Ctrl-C or SIGTERM.
    """
    # SIGINT, too: a shell has commands that it starts in the background ignore it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return command()
    except KeyboardInterrupt:
        print(f"\nStopped. {how_to_go_on}", file=sys.stderr)
        return ExitCode.INTERRUPTED


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
