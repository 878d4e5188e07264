"""From an exception to its cause, whichever library raised it and however deep it wrapped the one that knows."""

import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from http.client import BadStatusLine

from requests.utils import get_environ_proxies, select_proxy

from backend.causes.answers import cause_of_status
from backend.causes.kinds import Cause, CauseKind
from backend.causes.words import kind_of_words

MOST_DETAIL = 200
"""Characters of a server's own words that are passed on."""

_CERTIFICATE = {
    9: CauseKind.CERTIFICATE_EXPIRED,  # not valid yet
    10: CauseKind.CERTIFICATE_EXPIRED,
    18: CauseKind.CERTIFICATE_UNKNOWN,  # self-signed
    19: CauseKind.CERTIFICATE_UNKNOWN,  # self-signed in its chain
    20: CauseKind.CERTIFICATE_UNKNOWN,  # issuer not here
    21: CauseKind.CERTIFICATE_UNKNOWN,  # first of its chain not verifiable
    62: CauseKind.CERTIFICATE_HOST,  # a name
    64: CauseKind.CERTIFICATE_HOST,  # a number
}
"""By OpenSSL's `X509_V_ERR_…`."""

_ERRNO = {
    errno.ECONNREFUSED: CauseKind.CONNECTION_REFUSED,
    errno.ECONNRESET: CauseKind.CONNECTION_CLOSED,
    errno.EPIPE: CauseKind.CONNECTION_CLOSED,
    errno.ECONNABORTED: CauseKind.CONNECTION_CLOSED,
    errno.ETIMEDOUT: CauseKind.NO_CONNECTION_IN_TIME,
    errno.EHOSTUNREACH: CauseKind.NO_ROUTE,
    errno.ENETUNREACH: CauseKind.NO_ROUTE,
    errno.ENETDOWN: CauseKind.NO_ROUTE,
    errno.ENOSPC: CauseKind.DISK_FULL,
    errno.EDQUOT: CauseKind.DISK_FULL,
    errno.EFBIG: CauseKind.DISK_FULL,
    errno.EROFS: CauseKind.DISK_READ_ONLY,
    errno.EACCES: CauseKind.DISK_DENIED,
    errno.EPERM: CauseKind.DISK_DENIED,
    errno.EIO: CauseKind.DISK_FAILS,
    errno.EMFILE: CauseKind.FILES_OPEN,
    errno.ENFILE: CauseKind.FILES_OPEN,
    errno.ENOMEM: CauseKind.MEMORY,
}

_TLS = (
    ("CERTIFICATE_REQUIRED", CauseKind.CLIENT_CERTIFICATE),
    ("BAD_CERTIFICATE", CauseKind.CLIENT_CERTIFICATE),
    ("WRONG_VERSION_NUMBER", CauseKind.TLS_NOT_SPOKEN),
    ("HTTP_REQUEST", CauseKind.TLS_NOT_SPOKEN),
    ("RECORD_LAYER_FAILURE", CauseKind.TLS_NOT_SPOKEN),
    ("PACKET_LENGTH_TOO_LONG", CauseKind.TLS_NOT_SPOKEN),
)
"""By OpenSSL's name for what went wrong."""

_NAMES = {
    "RefusedAddressError": CauseKind.ADDRESS_REFUSED,
    "InvalidProxyURL": CauseKind.PROXY_ADDRESS,
    "ConnectTimeout": CauseKind.NO_CONNECTION_IN_TIME,
    "ConnectTimeoutError": CauseKind.NO_CONNECTION_IN_TIME,
    "ConnectionTimeout": CauseKind.NO_CONNECTION_IN_TIME,
    "PoolTimeout": CauseKind.NO_CONNECTION_IN_TIME,
    "ReadTimeout": CauseKind.NO_ANSWER_IN_TIME,
    "ReadTimeoutError": CauseKind.NO_ANSWER_IN_TIME,
    "WriteTimeout": CauseKind.NO_ANSWER_IN_TIME,
    "TimeoutError": CauseKind.NO_ANSWER_IN_TIME,
    "TooManyRedirects": CauseKind.REDIRECTED_FOR_EVER,
    "InvalidURL": CauseKind.ADDRESS_MALFORMED,
    "MissingSchema": CauseKind.ADDRESS_MALFORMED,
    "InvalidSchema": CauseKind.ADDRESS_MALFORMED,
    "LocationParseError": CauseKind.ADDRESS_MALFORMED,
    "UnsupportedProtocol": CauseKind.ADDRESS_MALFORMED,
    "BusyLoadingError": CauseKind.REDIS_LOADING,
    "OutOfMemoryError": CauseKind.REDIS_FULL,
    "ReadOnlyError": CauseKind.REDIS_READ_ONLY,
    "AuthenticationError": CauseKind.REDIS_PASSWORD,
    "AuthorizationError": CauseKind.REDIS_PASSWORD,
    "MaxConnectionsError": CauseKind.REDIS_CLIENTS,
    "InvalidResponse": CauseKind.REDIS_IS_NONE,
    "RemoteDisconnected": CauseKind.CONNECTION_CLOSED,
    "IncompleteRead": CauseKind.CONNECTION_CLOSED,
    "ChunkedEncodingError": CauseKind.CONNECTION_CLOSED,
    "RemoteProtocolError": CauseKind.CONNECTION_CLOSED,
    "ReadError": CauseKind.CONNECTION_CLOSED,
    "MemoryError": CauseKind.MEMORY,
}
"""By the name of an exception's class: the libraries that raise them need not be loaded here."""


def cause_of(error: BaseException, url: str = "") -> Cause:
    """Why an exception was raised.

    Args:
        error: of requests, httpx, redis, SQLAlchemy, psycopg, sqlite3, the operating system, or what wraps one.
        url: that was asked for, if that is known: it tells which proxy was asked.
    """
    cause = _of_chain(error)
    proxy = _proxy(url)
    if proxy and cause.kind in _OF_A_PROXY and type(error).__module__.startswith("httpx"):
        # Unlike requests, httpx does not say that it never came as far as the host.
        cause = Cause(CauseKind.PROXY_AWAY)
    return Cause(cause.kind, proxy) if proxy and cause.kind is CauseKind.PROXY_AWAY else cause


def _proxy(url: str) -> str:
    """The proxy that the environment names for an address, without its password; empty where there is none."""
    named: str | None = select_proxy(url, get_environ_proxies(url)) if url else None
    return "" if named is None else named.rpartition("@")[2].rpartition("://")[2]


def _of_chain(error: BaseException) -> Cause:
    """What the first that knows says: an exception, or one that it wraps."""
    chain = list(_chain(error))
    for link in chain:
        known = getattr(link, "cause", None)
        if isinstance(known, Cause):
            return known
    for link in chain:
        status = getattr(getattr(link, "response", None), "status_code", None)
        if isinstance(status, int) and status >= 400:
            return cause_of_status(status)
    for find in _FINDERS:
        for link in chain:
            kind = find(link)
            if kind is not None:
                return Cause(kind, _detail(kind, link))
    return Cause(CauseKind.OTHER, f"{type(error).__name__}: {_first_line(error)}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception, and all that it came from, each once."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        hidden = None if each.__suppress_context__ else each.__context__
        wrapped = (getattr(each, "reason", None), getattr(each, "orig", None), each.__cause__, hidden, *each.args)
        waiting.extend(inner for inner in wrapped if isinstance(inner, BaseException))


def _by_proxy(error: BaseException) -> CauseKind | None:
    """What a proxy is to blame for; whatever lies beneath is then about the proxy."""
    if type(error).__name__ == "ProxyError":
        # Both urllib3's and httpx's.
        told = _by_words(error)
        return told if told in (CauseKind.PROXY_REFUSES, CauseKind.PROXY_ADDRESS) else _proxy_status(error)
    return None


def _proxy_status(error: BaseException) -> CauseKind:
    """Why a proxy is to blame: httpx says no more than "407 Proxy Authentication Required"."""
    refused = str(error)[:3].isdigit() or any("Tunnel connection failed" in str(each) for each in _chain(error))
    return CauseKind.PROXY_REFUSES if refused else CauseKind.PROXY_AWAY


def _by_tls(error: BaseException) -> CauseKind | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE.get(error.verify_code, CauseKind.CERTIFICATE_REFUSED)
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLZeroReturnError | ssl.SSLEOFError):
        return None
    told = f"{error.reason} {error}"
    if "NO_CERTIFICATE_OR_CRL_FOUND" in told:
        return CauseKind.CERTIFICATE_FILE
    return next((kind for word, kind in _TLS if word in told), CauseKind.TLS_FAILED)


def _by_plain_talk(error: BaseException) -> CauseKind | None:
    """A server that speaks TLS only answers a plain request with the bytes of a TLS alert: type 21, version 3."""
    if isinstance(error, BadStatusLine):
        return CauseKind.TLS_NEEDED if "\x15\x03" in str(error) else CauseKind.CONNECTION_CLOSED
    if type(error).__name__ in ("InvalidResponse", "LocalProtocolError", "RemoteProtocolError"):
        return CauseKind.TLS_NEEDED if "\\x15\\x03" in repr(str(error)) or "illegal status line" in str(error) else None
    return None


def _by_name_server(error: BaseException) -> CauseKind | None:
    if isinstance(error, socket.gaierror):
        return CauseKind.NAMES_AWAY if error.errno == socket.EAI_AGAIN else CauseKind.UNKNOWN_HOST
    return None


def _by_words(error: BaseException) -> CauseKind | None:
    return kind_of_words(str(error))


def _by_errno(error: BaseException) -> CauseKind | None:
    return _ERRNO.get(error.errno) if isinstance(error, OSError) and error.errno is not None else None


def _by_name(error: BaseException) -> CauseKind | None:
    return next((_NAMES[base.__name__] for base in type(error).__mro__ if base.__name__ in _NAMES), None)


_FINDERS: tuple[Callable[[BaseException], CauseKind | None], ...] = (
    _by_proxy,
    _by_tls,
    _by_plain_talk,
    _by_name_server,
    _by_words,
    _by_errno,
    _by_name,
)
"""The surest first: each is asked of the whole chain before the next one is."""

_OF_A_PROXY = {
    CauseKind.CONNECTION_REFUSED,
    CauseKind.UNKNOWN_HOST,
    CauseKind.NAMES_AWAY,
    CauseKind.NO_ROUTE,
    CauseKind.NO_CONNECTION_IN_TIME,
}
"""Causes for which a connection was never made: where there is a proxy, it is to the proxy."""

_SPEAKING = {
    CauseKind.CERTIFICATE_HOST,
    CauseKind.CERTIFICATE_REFUSED,
    CauseKind.CERTIFICATE_FILE,
    CauseKind.TLS_FAILED,
    CauseKind.PROXY_REFUSES,
    CauseKind.PROXY_ADDRESS,
    CauseKind.ADDRESS_MALFORMED,
    CauseKind.DATABASE_MISSING,
    CauseKind.DATABASE_SCHEMA,
}
"""Causes of which the exception knows more than their name says."""


def _detail(kind: CauseKind, error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message if kind in _SPEAKING else ""
    if isinstance(error, OSError) and error.filename:
        return str(error.filename)
    return _first_line(error) if kind in _SPEAKING else ""


def _first_line(error: BaseException) -> str:
    """What an exception says, as far as a person reads it: urllib3 wraps the words that count."""
    words = str(error).partition("\n")[0]
    _, found, tunnel = words.partition("Tunnel connection failed: ")
    return (tunnel.rstrip("')\"") if found else words)[:MOST_DETAIL]
