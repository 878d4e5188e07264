"""What can go wrong on starting local processes."""

from scripts.cli.commands import CommandError


class StackError(CommandError):
    """A process could not be installed, started or made ready; the message says which, why, and what to do."""
