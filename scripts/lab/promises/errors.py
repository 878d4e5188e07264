"""What can go wrong on checking promises."""


class TrustError(Exception):
    """Projects cannot be simulated; the message says what, where, and what to do."""
