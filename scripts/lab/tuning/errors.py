"""What can go wrong in a search."""


class TuningError(Exception):
    """The data, an option or the storage does not allow the search; the message says what, where, and what to do."""
