"""How commands end that take long, keep what is finished, and are started again."""

import signal
import sys
from collections.abc import Callable

UNUSABLE, INTERRUPTED = 2, 130


def ended(command: Callable[[], int], refusals: tuple[type[Exception], ...]) -> int:
    """Run a command.

    Args:
        command: gives its exit code.
        refusals: what it raises where data or options don't allow it; the text is for the person.

    Returns:
        The command's own exit code, 2 after a refusal, 130 after Ctrl-C or SIGTERM.
    """
    # Also SIGINT: a shell has its background commands ignore it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return command()
    except refusals as problem:
        print(f"error: {problem}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on with what is not finished.", file=sys.stderr)
        return INTERRUPTED
