"""What can go wrong with a soak itself."""

from scripts.cli.commands import CommandError


class SoakError(CommandError):
    """The soak could not be made; the message says what, where, and what to do."""
