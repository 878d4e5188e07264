"""Slows the guessing of passwords: how many wrong ones a client has shown, and when it may show the next."""

import hashlib
import ipaddress
import math
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from cachetools import LRUCache

FREE_ATTEMPTS = 10
SECONDS_PER_ATTEMPT = 6.0
REMEMBERED_CLIENTS = 10_000
REMEMBERED_CREDENTIALS = 8
_IPV6_NETWORK_BITS = 64


@dataclass
class _Client:
    """What a client has left.

    Attributes:
        attempts: that it may make at once, at `at`.
        wrong: digests of what it showed lately.
    """

    attempts: float
    at: float
    wrong: deque[bytes] = field(default_factory=lambda: deque(maxlen=REMEMBERED_CREDENTIALS))


class Attempts:
    """Counts wrong credentials by the client's address. Safe to use from several threads; never waits.

    The same wrong credentials again cost nothing: that is a Label Studio whose password is out of date, and nobody
    learns anything by it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with no client known.

        Args:
            clock: seconds, never going back.
        """
        self._clock = clock
        self._clients: LRUCache[str, _Client] = LRUCache(REMEMBERED_CLIENTS)
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(32)

    def seconds_to_wait(self, address: str) -> int:
        """Seconds until a client may try again; 0 where it may now.

        Args:
            address: of the client, as its connection has it.
        """
        with self._lock:
            known = self._clients.get(_network(address))
            if known is None:
                return 0
            missing = 1.0 - self._attempts(known)
            return max(0, math.ceil(missing * SECONDS_PER_ATTEMPT))

    def count(self, address: str, credentials: str) -> bool:
        """Count wrong credentials; returns whether they are others than those that the client showed lately."""
        digest = hashlib.blake2b(credentials.encode(errors="replace"), key=self._key, digest_size=16).digest()
        with self._lock:
            client = self._clients.setdefault(_network(address), _Client(FREE_ATTEMPTS, self._clock()))
            if digest in client.wrong:
                return False
            client.attempts, client.at = self._attempts(client) - 1.0, self._clock()
            client.wrong.append(digest)
            return True

    def _attempts(self, client: _Client) -> float:
        return min(float(FREE_ATTEMPTS), client.attempts + (self._clock() - client.at) / SECONDS_PER_ATTEMPT)


def _network(address: str) -> str:
    """Who is counted as one client: an IPv4 address; of IPv6, the network, in which anybody has as many as he likes."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    mapped = parsed.ipv4_mapped
    if mapped is not None:
        return str(mapped)
    return str(ipaddress.ip_network((int(parsed), _IPV6_NETWORK_BITS), strict=False))
