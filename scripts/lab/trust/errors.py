"""What can go wrong when promises are checked."""

from scripts.cli.commands import CommandError


class TrustError(CommandError):
    """Projects cannot be simulated; the message says what, where, and what to do."""
