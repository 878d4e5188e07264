"""What the image address of a task means: where its bytes are, and one spelling for each image. Asks nobody.

An address is read as Label Studio's page reads it, in a browser. Only the spelling decides; whether anything is there
is found out by `backend.images.fetcher`.
"""

import base64
import binascii
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, quote, unquote_to_bytes

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

CLOUD_SCHEMES = ("s3", "s3s", "gs", "azure-blob", "azure-spi")
"""Schemes of the storages that Label Studio itself reads for a browser, those of its Enterprise edition included."""

LOCAL_FILES = "/data/local-files/"

# What Label Studio serves files at: its own paths, which no sub-path is taken off.
_SERVED = (LOCAL_FILES, "/data/upload/", "/storage-data/", "/tasks/", "/projects/", "/static/", "/api/")
_SERVED_AT = re.compile(
    "/data/local-files/?\\?|/data/upload/|/storage-data/uploaded/|/(?:resolve|presign)/?\\?fileuri="
)
_RESOLVER = re.compile(r"(?:/.*)?/tasks/(\d{1,10})/(?:resolve|presign)/?")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_DROPPED_BY_BROWSERS = str.maketrans("", "", "\t\n\r")
_AROUND = "".join(map(chr, range(0x21)))
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]", "0.0.0.0"})  # noqa: S104 - names, not to listen on


@dataclass(frozen=True)
class FromLabelStudio:
    """Label Studio gives it, to who shows the token.

    Attributes:
        path: below LABEL_STUDIO_URL: begins with a slash, escaped, with its query.
    """

    path: str


@dataclass(frozen=True)
class FromDisk:
    """A file of Label Studio's document root, where this machine has it.

    Attributes:
        path: in the document root. It is a stranger's: it may lead out of it.
        otherwise: where this machine doesn't have the file.
    """

    path: str
    otherwise: FromLabelStudio


@dataclass(frozen=True)
class FromTheWeb:
    """A stranger's host gives it, and is never shown the token.

    Attributes:
        url: with http or https, escaped.
    """

    url: str


@dataclass(frozen=True)
class Inline:
    """The address holds the image itself.

    Attributes:
        address: with `data:`, as the task holds it.
    """

    address: str


@dataclass(frozen=True)
class Nowhere:
    """Nothing can be fetched from what the task holds.

    Attributes:
        reason: for people.
    """

    reason: str


Source = FromLabelStudio | FromDisk | FromTheWeb | Inline | Nowhere


@dataclass(frozen=True)
class Name:
    """One of the addresses that Label Studio is reached at.

    Attributes:
        scheme: `http` or `https`.
        host: in small letters, without a trailing dot; one for all names of this machine.
        port: None where it is the scheme's own.
        path: below which it lies, without a slash at its end; mostly empty.
    """

    scheme: str
    host: str
    port: int | None
    path: str

    @classmethod
    def read(cls, address: str) -> Self:
        """A name from its text.

        Raises:
            ValueError: not an http or https address.
        """
        url = _parsed(address)
        if url is None:
            raise ValueError(f"{address!r} is no address that begins with http:// or https://.")
        return cls(url.scheme or "", *_server(url), (url.path or "").rstrip("/"))

    def path_below(self, url: Url) -> str | None:
        """Where below this name an address lies: its escaped path; None where it is another server's.

        The scheme does not tell servers apart: in front of one Label Studio, a proxy often answers to both.
        """
        path = url.path or "/"
        if _server(url) == (self.host, self.port) and f"{path}/".startswith(f"{self.path}/"):
            return path[len(self.path) :] or "/"
        return None


@dataclass(frozen=True)
class AddressReader:
    """Reads the addresses of one Label Studio's tasks.

    Attributes:
        names: that Label Studio is reached at. Whatever they are, nothing but LABEL_STUDIO_URL is shown the token: a
            wrong name makes an image unreadable, and gives nothing away.
    """

    names: tuple[Name, ...]

    @classmethod
    def of(cls, names: Sequence[str]) -> Self:
        """For a Label Studio with these addresses, LABEL_STUDIO_URL first.

        Raises:
            ValueError: one of them is not an http or https address.
        """
        return cls(tuple(dict.fromkeys(map(Name.read, names))))

    def source(self, address: str, task: int) -> Source:
        """Where the bytes of an image are.

        Args:
            address: as the task holds it, or as `canonical` spells it.
            task: whose storages Label Studio reads an address in a cloud with.
        """
        spelled = self._spelled(address, task)
        if spelled is None:
            return Nowhere("not an address that an image can be fetched from.")
        scheme = _scheme(spelled)
        if scheme == "data":
            return Inline(spelled)
        if scheme in CLOUD_SCHEMES:
            return FromLabelStudio(f"/tasks/{task}/resolve/?fileuri={_encoded(spelled)}")
        if scheme:
            return FromTheWeb(spelled)
        path, _, query = spelled.partition("?")
        named = _parameter(query, "d") if path == LOCAL_FILES else None
        return FromLabelStudio(spelled) if named is None else FromDisk(named, FromLabelStudio(spelled))

    def canonical(self, address: str, task: int) -> str:
        """The one spelling of all addresses that mean the same image; it is an address itself.

        Args:
            address: as the task holds it, or as this method has spelled it.
            task: that holds it.

        Returns:
            A path below LABEL_STUDIO_URL for what Label Studio serves itself, else a whole address. What can't be read
            stays as it is.
        """
        spelled = self._spelled(address, task)
        return address if spelled is None else spelled

    def is_under_unknown_name(self, address: str, task: int) -> bool:
        """Whether an address looks like Label Studio's, under a name that is not among its names."""
        if _scheme(address.lstrip(_AROUND)) not in ("http", "https") or not _SERVED_AT.search(address):
            return False
        return isinstance(self.source(address, task), FromTheWeb)

    def under(self, name: str) -> "AddressReader":
        """This reader, with one name more.

        Raises:
            ValueError: no http or https address.
        """
        return AddressReader(tuple(dict.fromkeys([*self.names, Name.read(name)])))

    def _spelled(self, address: str, task: int) -> str | None:
        address = address.strip(_AROUND)
        scheme = _scheme(address)
        if scheme == "data":
            return address
        if scheme in CLOUD_SCHEMES:
            return f"{scheme}{address[len(scheme) :]}"
        absolute = self._absolute(address.translate(_DROPPED_BY_BROWSERS))
        url = None if absolute is None else _parsed(absolute)
        if url is None:
            return None
        return _in_the_cloud(url, task) or self._of_label_studio(url) or _on_the_web(url)

    def _absolute(self, address: str) -> str | None:
        """As a browser completes it on Label Studio's page; None where that would be relative to the page itself."""
        head, mark, tail = address.partition("?")
        address = head.replace("\\", "/") + mark + tail
        if _scheme(address) in ("http", "https"):
            return address
        page = self.names[0]
        if address.startswith("//"):
            return f"{page.scheme}:{address}"
        if address.startswith("/"):
            path = self._without_sub_path(address)
            return f"{page.scheme}://{page.host}{'' if page.port is None else f':{page.port}'}{page.path}{path}"
        return None

    def _without_sub_path(self, path: str) -> str:
        """A path on Label Studio's page as one below LABEL_STUDIO_URL; some tasks have the sub-path, and some not."""
        prefixes = [f"{name.path}/" for name in self.names if name.path]
        while not path.startswith(_SERVED) and path.startswith(tuple(prefixes)):
            longest = max((prefix for prefix in prefixes if path.startswith(prefix)), key=len)
            path = path[len(longest) - 1 :]
        return path

    def _of_label_studio(self, url: Url) -> str | None:
        below = [path for name in self.names if (path := name.path_below(url)) is not None]
        if not below:
            return None
        path = _unescaped(self._without_sub_path(min(below, key=len)))
        if path in (LOCAL_FILES, LOCAL_FILES.rstrip("/")) and (named := _parameter(url.query or "", "d")) is not None:
            return f"{LOCAL_FILES}?d={quote(posixpath.normpath(named).lstrip('/'), errors='surrogateescape')}"
        path = quote(path, errors="surrogateescape")
        return path if url.query is None else f"{path}?{url.query}"


def _scheme(address: str) -> str:
    """In small letters; empty where there is none."""
    found = _SCHEME.match(address)
    return found[1].lower() if found else ""


def _parsed(address: str) -> Url | None:
    """The parts of an http or https address, in their normal form; None where it is none."""
    if not re.match("https?://", address, re.IGNORECASE):
        return None
    try:
        url = parse_url(_with_plain_letters(address))
    except (LocationParseError, UnicodeError):
        return None
    return url if url.host and url.host.strip(".") else None


def _server(url: Url) -> tuple[str, int | None]:
    """Host and port, alike for all spellings of one server."""
    host = (url.host or "").rstrip(".")
    port = None if url.port == {"http": 80, "https": 443}.get(url.scheme or "") else url.port
    return "localhost" if host in _THIS_MACHINE else host, port


def _on_the_web(url: Url) -> str:
    """An address on the web in its normal form: RFC 3986, 6.2."""
    host = (url.host or "").rstrip(".")
    _, port = _server(url)
    return Url(url.scheme, url.auth, host, port, url.path or "/", url.query).url


def _unescaped(path: str) -> str:
    """A path as Label Studio sees it, which unescapes it first; nothing in it leads upwards."""
    text = unquote_to_bytes(path).decode(errors="surrogateescape")
    normal = posixpath.normpath(f"/{text.lstrip('/')}")
    return f"{normal}/" if text.endswith("/") and normal != "/" else normal


def _with_plain_letters(text: str) -> str:
    """Escaped text without escapes of what needs none."""

    def plain(found: re.Match[str]) -> str:
        letter = chr(int(found[1], 16))
        return letter if letter in _UNRESERVED else found[0].upper()

    return _ESCAPE.sub(plain, text)


def _in_the_cloud(url: Url, task: int) -> str | None:
    """The cloud's own address behind one at which Label Studio resolves it for this task, whatever it calls itself.

    Of another task's resolver nothing is known: its storages may be others.
    """
    found = _RESOLVER.fullmatch(url.path or "")
    encoded = _parameter(url.query or "", "fileuri")
    if found is None or int(found[1]) != task or encoded is None:
        return None
    decoded = _decoded(encoded).strip(_AROUND)
    scheme = _scheme(decoded)
    return f"{scheme}{decoded[len(scheme) :]}" if scheme in CLOUD_SCHEMES else None


def _encoded(address: str) -> str:
    """An address in a cloud as Label Studio's resolver takes it."""
    return base64.urlsafe_b64encode(address.encode(errors="replace")).decode()


def _decoded(fileuri: str) -> str:
    """What Label Studio's resolver makes of its parameter: base64, or the escaped address of earlier releases."""
    try:
        return base64.urlsafe_b64decode(fileuri.encode()).decode()
    except (binascii.Error, ValueError):
        return unquote_to_bytes(fileuri).decode(errors="replace")


def _parameter(query: str, name: str) -> str | None:
    """A parameter of a query, unescaped once, as Label Studio reads it."""
    found = parse_qs(query, keep_blank_values=True, errors="surrogateescape").get(name)
    return found[-1] if found else None
