"""What the code under test logs, and nothing else."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from structlog import DropEvent
from structlog.testing import capture_logs
from structlog.typing import EventDict, WrappedLogger


@contextmanager
def logged_here() -> Iterator[list[EventDict]]:
    """Lines that this thread logs: services that earlier tests started still log in threads of their own."""
    here = threading.get_ident()

    def drop_others(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
        if threading.get_ident() != here:
            raise DropEvent
        return line

    configured = structlog.get_config()
    # A service that an earlier test configured in this process may keep warnings to itself.
    structlog.reset_defaults()
    try:
        with capture_logs(processors=[drop_others]) as lines:
            yield lines
    finally:
        structlog.configure(**configured)


@contextmanager
def logs_as_before() -> Iterator[None]:
    """Whatever a service configures meanwhile, later tests of this process log as they would have."""
    configured, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        yield
    finally:
        structlog.configure(**configured)
        root.handlers = handlers
        root.setLevel(level)
