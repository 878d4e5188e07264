"""Choosing TCP ports that nobody listens on."""

import socket
from collections.abc import Container

from scripts.stack.errors import StackError


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

    Args:
        preferred: in [1, 65535].
        avoid: ports already promised to somebody who does not listen yet.

    Raises:
        StackError: no free port among the thousand above the preferred one.
    """
    for port in range(preferred, min(preferred + 1000, 65536)):
        if port not in avoid and is_free(port):
            return port
    message = f"No free port between {preferred} and {preferred + 999}. Stop a program that listens there."
    raise StackError(message)
