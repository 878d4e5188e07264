"""What can go wrong in the demo, for the person who runs it."""

from scripts.cli.commands import CommandError


class DemoError(CommandError):
    """The demo cannot go on; the message says what, where, and what to do."""
