"""What can go wrong in a comparison."""


class ComparisonError(Exception):
    """The data or an option does not allow the comparison; the message says what, where, and what to do."""


class Interrupted(Exception):  # noqa: N818 - like KeyboardInterrupt, no error
    """A person pressed Ctrl-C; what is finished stays."""
