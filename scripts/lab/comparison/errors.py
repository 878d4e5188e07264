"""What can go wrong in a comparison."""

from scripts.cli.commands import UsageError


class ComparisonError(UsageError):
    """The data or an option does not allow the comparison; the message says what, where, and what to do."""
