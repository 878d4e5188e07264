"""What can go wrong with local processes."""

from scripts.cli.commands import CommandError


class StackError(CommandError):
    """A process could not be installed, started, made ready or asked; the message says which, why, and what to do."""


class RefusedError(StackError):
    """A server answered that it does not take a request; the message has its words."""
