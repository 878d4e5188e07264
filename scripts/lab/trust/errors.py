"""What can go wrong when promises are checked."""


class TrustError(Exception):
    """Projects cannot be simulated; the message says what, where, and what to do."""
