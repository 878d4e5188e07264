"""What can go wrong in the demo, for the person who runs it."""


class DemoError(Exception):
    """The demo cannot go on; the message says what, where, and what to do."""
