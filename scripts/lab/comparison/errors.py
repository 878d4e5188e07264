"""What can go wrong in a comparison."""


class ComparisonError(Exception):
    """The data or an option does not allow the comparison; the message says what, where, and what to do."""
