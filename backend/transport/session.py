"""The sessions that all requests of this backend are made by."""

import threading
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from cachetools import LRUCache
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.util import Retry

from backend import __version__
from backend.transport import connections, names
from backend.transport.sockets import Guard, RefusedAddressError

USER_AGENT = f"Label-Loop/{__version__} (machine learning backend for Label Studio)"
"""Hosts that turn scripts away know them by the name of their library."""

HOSTS_REMEMBERED = 1000
CONNECTIONS_KEPT = 64
"""To one host, for all threads that share a session."""

_environment = requests.Session()


class Session(requests.Session):
    """A session whose requests keep the deadline of their thread (`backend.transport.deadline`).

    Proxies and certificates come from the environment (`HTTPS_PROXY`, `NO_PROXY`, `REQUESTS_CA_BUNDLE`), credentials
    never: an entry of `.netrc` would take the place of the token. Cookies are not kept, so threads may share a session.
    """

    def __init__(self, guard: Guard | None = None, *, retry: bool = False) -> None:
        """Begin without a connection.

        Args:
            guard: looks at every address before it is connected to; None lets all through.
            retry: ask once more where an answer is cut off. A host may close a connection that was kept open just as it
                is used again.
        """
        super().__init__()
        self._settings: LRUCache[tuple[str, ...], Any] = LRUCache(HOSTS_REMEMBERED)
        self._lock = threading.Lock()
        self.trust_env = False
        self.headers["User-Agent"] = USER_AGENT
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(guard, retry=retry)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Proxies and certificates; `trust_env`, which would bring these, would bring `.netrc` as well."""
        if proxies or verify is not None or cert:
            return _environment.merge_environment_settings(url, proxies, stream, verify, cert)
        # Of all that a request takes, reading the environment takes longest; it does not change.
        host = urlsplit(url)[:2]
        with self._lock:
            if host not in self._settings:
                self._settings[host] = _environment.merge_environment_settings(url, {}, None, None, None)
            known = self._settings[host]
        return {**known, "proxies": dict(known["proxies"]), "stream": bool(stream)}


class _Adapter(HTTPAdapter):
    def __init__(self, guard: Guard | None, *, retry: bool) -> None:
        self._guard = guard
        again = Retry(total=1, connect=0, read=int(retry), status=0, other=0, respect_retry_after_header=False)
        super().__init__(pool_maxsize=CONNECTIONS_KEPT, max_retries=again)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = connections.pools(self._guard)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **named)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = connections.pools()
        return manager

    def send(self, request: requests.PreparedRequest, *arguments: Any, **named: Any) -> requests.Response:
        proxies: Mapping[str, str] = named.get("proxies") or {}
        if self._guard is not None and select_proxy(str(request.url), proxies):
            _look_ahead_of_proxy(str(request.url), self._guard)
        return super().send(request, *arguments, **named)


def _look_ahead_of_proxy(url: str, guard: Guard) -> None:
    """Refuse what this machine knows to be a refused address; where a name leads is for the proxy to find out.

    Raises:
        RefusedAddressError: every address of the host is refused.
    """
    host = urlsplit(url).hostname or ""
    try:
        places = names.resolve(host, 0)
    except OSError:
        return
    if not any(guard(place.address) for place in places):
        raise RefusedAddressError(", ".join(sorted({str(place.address) for place in places})))
