"""What can go wrong in a search."""

from scripts.cli.commands import UsageError


class TuningError(UsageError):
    """The data, an option or the storage does not allow the search; the message says what, where, and what to do."""
