"""What can go wrong on starting local processes."""


class StackError(Exception):
    """A process could not be installed, started or made ready; the message says which, why, and what to do."""
