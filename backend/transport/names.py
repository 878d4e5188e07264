"""From a host's name to its addresses, within a deadline: the system's resolver itself can't be interrupted."""

import socket
import threading
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, NamedTuple

from backend.transport import deadline

LOOKUPS_AT_ONCE = 32
"""Threads that may wait for the system's resolver; each is gone when that gives up.

Strangers' names, which may take as long as their name servers like, take nothing from those that the settings name.
"""

_free_for_strangers = threading.BoundedSemaphore(LOOKUPS_AT_ONCE)
_free_for_trusted = threading.BoundedSemaphore(LOOKUPS_AT_ONCE)


class Endpoint(NamedTuple):
    """Where a socket is connected to.

    Attributes:
        sockaddr: as `socket.connect` takes it; holds an address, never a name.
    """

    family: socket.AddressFamily
    sockaddr: tuple[Any, ...]

    @property
    def address(self) -> IPv4Address | IPv6Address:
        """The IP address, without an IPv6 zone."""
        return ip_address(str(self.sockaddr[0]).partition("%")[0])


def resolve(host: str, port: int, *, trusted: bool = False) -> list[Endpoint]:
    """Every place that a name stands for, in the order to try them in.

    An address in any spelling that the system knows (`2130706433`, `0x7f.1`) is read as that address.

    Args:
        host: name or address.
        port: TCP.
        trusted: the settings name it: Label Studio, or a proxy.

    Raises:
        socket.gaierror: there is no such name, or the resolver failed.
        DeadlineError: the resolver does not answer in time.
    """
    try:
        return _look_up(host, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        return _look_up_within_deadline(host, port, _free_for_trusted if trusted else _free_for_strangers)


def _look_up_within_deadline(host: str, port: int, free: threading.BoundedSemaphore) -> list[Endpoint]:
    seconds = deadline.timeout()
    if seconds is None:
        return _look_up(host, port)
    found: Future[list[Endpoint]] = Future()
    if not free.acquire(timeout=seconds):
        raise deadline.DeadlineError
    threading.Thread(target=_answer, args=(found, host, port, free), name="resolve", daemon=True).start()
    return found.result(deadline.timeout())


def _answer(found: Future[list[Endpoint]], host: str, port: int, free: threading.BoundedSemaphore) -> None:
    try:
        found.set_result(_look_up(host, port))
    except (OSError, UnicodeError) as error:
        found.set_exception(error)
    finally:
        free.release()


def _look_up(host: str, port: int, flags: int = 0) -> list[Endpoint]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [Endpoint(family, sockaddr) for family, _, _, _, sockaddr in found]
