"""What can go wrong on measuring."""

from scripts.cli.commands import CommandError


class BenchmarkError(CommandError):
    """A benchmark cannot go on; the message says what, where, and what to do."""
