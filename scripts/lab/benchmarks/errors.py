"""What can go wrong on measuring."""


class BenchmarkError(Exception):
    """A benchmark cannot go on; the message says what, where, and what to do."""
