"""The bytes behind an HTTP address: within limits, and from nowhere that a stranger may not name."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import requests

from backend.causes.kinds import Cause, CauseKind
from backend.images.budget import Taken
from backend.images.hosts import Hosts
from backend.images.outcome import FetchProblem, UnavailableError, too_large
from backend.label_studio.client import CONNECT_SECONDS, LabelStudio
from backend.transport import deadline
from backend.transport.public import AddressGuard, Network
from backend.transport.session import Session
from backend.transport.sockets import RefusedAddressError

REDIRECTIONS = 10
_CHUNK = 1 << 16
_STORAGES = ("/data/", "/storage-data/", "/tasks/", "/projects/")
"""Where Label Studio hands out files: these it may have in a cloud, and send us there."""
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_HEADERS = {"Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"}


class _Trust(Enum):
    """Who named an address, and so what it may lead to."""

    LABEL_STUDIO = auto()
    """It is Label Studio's own: asked with the token."""
    STORAGE = auto()
    """Label Studio sends us there for a file of a storage, which an administrator set up: it may be a private one."""
    STRANGER = auto()
    """Anybody: what is public only, and the networks that the settings allow."""


@dataclass(frozen=True)
class _Stop:
    """One on a chain of redirections.

    Attributes:
        url: whole; of Label Studio only the path with its query.
    """

    url: str
    trust: _Trust


class Downloader:
    """Fetches what addresses lead to, in the deadline of the thread that asks. Safe to use from several threads."""

    def __init__(
        self,
        label_studio: LabelStudio,
        own_path: Callable[[str], str | None],
        hosts: Hosts,
        allowed: tuple[Network, ...],
        max_bytes: int,
    ) -> None:
        """Begin without a connection.

        Args:
            label_studio: whose token goes to itself only, never to another host.
            own_path: the path of an address that is Label Studio's own, else None.
            hosts: that are given up when they don't answer.
            allowed: networks that strangers may name although they are not public.
            max_bytes: of one image, decompressed.
        """
        self._label_studio = label_studio
        self._own_path = own_path
        self._hosts = hosts
        self._max_bytes = max_bytes
        self._sessions = {
            _Trust.STORAGE: Session(AddressGuard(allowed, inside=True), retry=True),
            _Trust.STRANGER: Session(AddressGuard(allowed), retry=True),
        }

    def from_label_studio(self, path: str, seconds: float, taken: Taken) -> bytes:
        """A file that Label Studio has, or where it says that it lies.

        Args:
            path: below Label Studio's address, with its query.
            seconds: that this may take in all.
            taken: told the size of each piece.

        Raises:
            UnavailableError, LabelLoopError, requests.RequestException, OSError: it can't be had.
        """
        return self._follow(_Stop(path, _Trust.LABEL_STUDIO), seconds, taken)

    def from_the_web(self, url: str, seconds: float, taken: Taken) -> bytes:
        """A file on any host, without the token.

        Args:
            url: `http:` or `https:`.
            seconds: that this may take in all.
            taken: told the size of each piece.

        Raises:
            UnavailableError, requests.RequestException, OSError: it can't be had.
        """
        return self._follow(_Stop(url, _Trust.STRANGER), seconds, taken)

    def _follow(self, stop: _Stop, seconds: float, taken: Taken) -> bytes:
        image = stop.url
        with deadline.within(seconds):
            for _ in range(REDIRECTIONS + 1):
                with self._asked(stop, seconds, image) as answer:
                    if not answer.is_redirect:
                        answer.raise_for_status()
                        return self._read(answer, taken)
                    stop = self._next(stop, answer)
        raise UnavailableError(FetchProblem.REFUSED, f"it is redirected more than {REDIRECTIONS} times.")

    @contextmanager
    def _asked(self, stop: _Stop, seconds: float, image: str) -> Iterator[requests.Response]:
        """The answer of one stop on the way to an image's address, to be read in the block."""
        timeout = (min(CONNECT_SECONDS, seconds), seconds)
        if stop.trust is _Trust.LABEL_STUDIO:
            with self._label_studio.request(
                "GET", stop.url, stream=True, seconds=seconds, timeout=timeout, allow_redirects=False
            ) as answer:
                yield answer
            return
        host = urlsplit(stop.url).netloc.rpartition("@")[2].lower()
        self._hosts.check(host)
        begun = time.monotonic()
        try:
            with self._sessions[stop.trust].get(
                stop.url, stream=True, timeout=timeout, allow_redirects=False, headers=_HEADERS
            ) as answer:
                yield answer
        except RefusedAddressError as error:
            raise _refused(host, error) from error
        except requests.HTTPError as error:
            if error.response.status_code in _BUSY:
                self._hosts.failed(host, str(error.response.status_code), image)
            else:
                self._hosts.answered(host)
            raise
        except (requests.ConnectionError, requests.Timeout) as error:
            # One that was not given its whole time is not to blame for running out of it, and a certificate is there to
            # be read by people.
            was_cut_short = deadline.is_over() and time.monotonic() - begun < seconds / 2
            if not was_cut_short and not isinstance(error, requests.exceptions.SSLError):
                self._hosts.failed(host, type(error).__name__, image)
            raise
        self._hosts.answered(host)

    def _next(self, stop: _Stop, answer: requests.Response) -> _Stop:
        """Where an answer sends us.

        Raises:
            UnavailableError: to an address that is none for images.
        """
        url = urljoin(str(answer.url), str(self._sessions[_Trust.STRANGER].get_redirect_target(answer)))
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UnavailableError(FetchProblem.REFUSED, f"it is redirected to an address of {parts.scheme or 'no'}:.")
        if stop.trust is _Trust.LABEL_STUDIO:
            path = self._own_path(url)
            if path is not None:
                return _Stop(path, _Trust.LABEL_STUDIO)
            return _Stop(url, _Trust.STORAGE if stop.url.startswith(_STORAGES) else _Trust.STRANGER)
        is_same = stop.trust is _Trust.STORAGE and parts.hostname == urlsplit(stop.url).hostname
        return _Stop(url, _Trust.STORAGE if is_same else _Trust.STRANGER)

    def _read(self, answer: requests.Response, taken: Taken) -> bytes:
        """The body, decompressed, at most `max_bytes` of it."""
        if (answer.raw.length_remaining or 0) > self._max_bytes:
            raise too_large(self._max_bytes)
        content = io.BytesIO()
        for chunk in answer.iter_content(_CHUNK):
            if content.tell() + len(chunk) > self._max_bytes:
                raise too_large(self._max_bytes)
            taken(len(chunk))
            content.write(chunk)
        return content.getvalue()


def _refused(host: str, error: RefusedAddressError) -> UnavailableError:
    return UnavailableError(FetchProblem.REFUSED, Cause(CauseKind.ADDRESS_REFUSED, f"{host} is {error}").sentence)
