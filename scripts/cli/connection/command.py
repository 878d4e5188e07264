"""The commands connect and disconnect."""

from scripts.cli.commands import takes_options
from scripts.cli.connection.options import Connect, Disconnect


@takes_options
def connect(options: Connect) -> int:
    """Attach the backend to a project of an existing Label Studio; again, to repair.

    The address of the backend is the one at which Label Studio reaches it. Exit code 1 where something keeps the loop
    from running.
    """
    from scripts.cli.connection import run

    return run.connect(options)


@takes_options
def disconnect(options: Disconnect) -> int:
    """Take the backend off a project and put back what was there before."""
    from scripts.cli.connection import run

    return run.disconnect(options)
