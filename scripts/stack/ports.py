"""Choosing TCP ports that nobody listens on, and that nobody else who asks here is about to listen on."""

import os
import socket
import tempfile
from collections.abc import Container
from pathlib import Path

from filelock import FileLock, Timeout

from scripts.stack.errors import StackError

# Locks of the ports promised to this process, held until it ends: a server may need seconds until it listens.
_promised: dict[int, FileLock] = {}


def is_free(port: int) -> bool:
    """Whether nobody listens on the port, on any IPv4 address of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Connections that linger after a server ended must not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


def choose_port(preferred: int, avoid: Container[int] = ()) -> int:
    """The preferred port, or where it is taken, the next free one above it.

    No other process of this user gets the same one here until this process ends.

    Args:
        preferred: in [1, 65535].
        avoid: ports that this process has chosen for something that does not listen yet.

    Raises:
        StackError: no free port among the thousand above the preferred one.
    """
    for port in range(preferred, min(preferred + 1000, 65536)):
        if port not in avoid and is_free(port) and _promise(port):
            return port
    message = f"No free port between {preferred} and {preferred + 999}. Stop a program that listens there."
    raise StackError(message)


def _promise(port: int) -> bool:
    if port in _promised:
        return True
    folder = Path(tempfile.gettempdir()) / f"label-loop-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    promise = FileLock(folder / str(port))
    try:
        promise.acquire(blocking=False)
    except Timeout:
        return False
    _promised[port] = promise
    return True
