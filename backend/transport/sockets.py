"""Sockets whose every wait ends by the deadline of the thread that waits."""

import socket
import ssl
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from backend.transport import deadline, names

IpAddress = IPv4Address | IPv6Address
Guard = Callable[[IpAddress], bool]
"""Whether an address may be connected to."""


class RefusedAddressError(Exception):
    """A name stands for addresses only that a guard refuses."""


class _Timed:
    """Mixed into a socket class: its own time limit bounds each wait, the deadline all of them together.

    The limit is set anew before each call, as the interpreter bounds one call as a whole: also one that takes several
    packets, such as a TLS handshake.
    """

    _limit: float | None = None

    def settimeout(self, value: float | None) -> None:
        self._limit = value
        super().settimeout(value)  # type: ignore[misc]

    def _hurry(self) -> None:
        left = deadline.timeout()
        if left is not None:
            super().settimeout(left if self._limit is None else min(left, self._limit))  # type: ignore[misc]

    def connect(self, *arguments: Any) -> None:
        self._hurry()
        super().connect(*arguments)  # type: ignore[misc]

    def do_handshake(self, *arguments: Any) -> None:
        self._hurry()
        super().do_handshake(*arguments)  # type: ignore[misc]

    def recv(self, *arguments: Any) -> bytes:
        self._hurry()
        return super().recv(*arguments)  # type: ignore[misc, no-any-return]

    def recv_into(self, *arguments: Any) -> int:
        self._hurry()
        return super().recv_into(*arguments)  # type: ignore[misc, no-any-return]

    def sendall(self, *arguments: Any) -> None:
        self._hurry()
        super().sendall(*arguments)  # type: ignore[misc]


class TimedSocket(_Timed, socket.socket):
    """A TCP connection."""


class TimedTlsSocket(_Timed, ssl.SSLSocket):
    """The same with TLS: what `SSLContext.sslsocket_class` may name."""


def connect(
    host: str,
    port: int,
    limit: float | None,
    options: Iterable[tuple[int, int, int | bytes]] = (),
    guard: Guard | None = None,
) -> TimedSocket:
    """A connection to the first address of a host that takes one, and that the guard lets through.

    A name is resolved once: what was looked at is what is connected to.

    Args:
        host: name or address.
        port: TCP.
        limit: seconds for one attempt, and for each wait later on; none where it is None.
        options: of the socket.
        guard: None lets all through: nobody but the settings names the host.

    Raises:
        RefusedAddressError: the guard refuses every address.
        OSError: nothing took the connection, or there is no such host.
        DeadlineError: not in time.
    """
    places = names.resolve(host, port, trusted=guard is None)
    allowed = [place for place in places if guard is None or guard(place.address)]
    if not allowed:
        raise RefusedAddressError(", ".join(sorted({str(place.address) for place in places})))
    failure: OSError = OSError(f"{host} has no address")
    for place in allowed:
        made = TimedSocket(place.family, socket.SOCK_STREAM)
        try:
            for option in options:
                made.setsockopt(*option)
            made.settimeout(limit)
            made.connect(place.sockaddr)
        except OSError as error:
            made.close()
            failure = error
        else:
            return made
    raise failure
