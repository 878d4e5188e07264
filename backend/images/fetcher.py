"""Fetches the bytes of one task's image, wherever its address points."""

import math
import time
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError

from backend.causes.exceptions import cause_of
from backend.errors import LabelLoopError, NotFoundError, RetryLaterError
from backend.images.address_book import AddressBook
from backend.images.addresses import FromDisk, FromLabelStudio, FromTheWeb, Inline, Nowhere, Source
from backend.images.budget import BYTES_AT_ONCE, ByteBudget, Taken, unlimited
from backend.images.disk import read_file
from backend.images.download import Downloader
from backend.images.hosts import Hosts
from backend.images.inline import read_inline
from backend.images.outcome import Fetched, FetchProblem, Unavailable, UnavailableError
from backend.label_studio.client import LabelStudio
from backend.transport import deadline
from backend.transport.public import Network

LONGEST = 16_384
"""Characters of an address that is not the image itself."""
ADDRESS, WORDS = 120, 500
"""Characters of an address, and of what is wrong with it, in logs and in the mirror."""
_NO_TASK = 0
_STATUSES: dict[int, FetchProblem] = {
    HTTPStatus.NOT_FOUND: FetchProblem.NOT_FOUND,
    HTTPStatus.GONE: FetchProblem.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS: FetchProblem.UNREACHABLE,
}


@dataclass(frozen=True)
class ImageFetcher:
    """Fetches images from wherever addresses lead. Safe to use from several threads.

    Label Studio's token goes to Label Studio only, never to another host that a task names.

    Attributes:
        max_bytes: of one image.
        seconds: that fetching one may take in all.
        document_root: Label Studio's local files, where this machine has them.
        addresses: how they are read; None where no name of Label Studio is set besides its address.
        allow_private: networks that tasks may name although they are not public.
        hosts: that are given up when they don't answer.
    """

    label_studio: LabelStudio
    max_bytes: int
    seconds: float
    document_root: Path | None = None
    addresses: AddressBook | None = None
    allow_private: tuple[Network, ...] = ()
    hosts: Hosts = field(default_factory=Hosts)

    @cached_property
    def _addresses(self) -> AddressBook:
        return self.addresses or AddressBook(self.label_studio)

    @cached_property
    def budget(self) -> ByteBudget:
        """Bytes that may be in memory at once, for whoever fetches many."""
        return ByteBudget(max(BYTES_AT_ONCE, self.max_bytes))

    @cached_property
    def _downloader(self) -> Downloader:
        return Downloader(self.label_studio, self._own_path, self.hosts, self.allow_private, self.max_bytes)

    def fetch(self, address: str, task_id: int, until: float = math.inf, taken: Taken = unlimited) -> Fetched:
        """The image's bytes, at most `max_bytes`, or why there are none. Never raises.

        Args:
            address: as the task holds it.
            task_id: whose storage Label Studio reads an address in a cloud with.
            until: the latest moment by the monotonic clock; `seconds` may end sooner.
            taken: told the size of each piece before it is kept; may raise to have no more of it.
        """
        begun = time.monotonic()
        try:
            with deadline.until(until):
                return self._fetch(self._source(address, task_id), taken)
        except (UnavailableError, LabelLoopError, OSError, ValueError, HTTPError) as error:
            problem = _problem(error)
            if time.monotonic() >= until or (
                problem is FetchProblem.UNREACHABLE and time.monotonic() >= begun + self.seconds
            ):
                problem = FetchProblem.TIMED_OUT
            return Unavailable(problem, f"{_short(address, ADDRESS)}: {_short(_words(error, address), WORDS)}")

    def _source(self, address: str, task_id: int) -> Source:
        # Of a `data:` address the image's limit is the address's, too.
        if len(address) > LONGEST and not address[:LONGEST].lstrip().lower().startswith("data:"):
            return Nowhere(f"longer than {LONGEST:,} characters.")
        return self._addresses.source(address, task_id)

    def _fetch(self, source: Source, taken: Taken) -> bytes:
        match source:
            case FromLabelStudio(path):
                return self._downloader.from_label_studio(path, self.seconds, taken)
            case FromDisk(path, otherwise):
                content = self._from_disk(path, taken)
                return self._fetch(otherwise, taken) if content is None else content
            case FromTheWeb(url):
                return self._downloader.from_the_web(url, self.seconds, taken)
            case Inline(address):
                return read_inline(address, self.max_bytes, taken)
            case Nowhere(reason):
                raise UnavailableError(FetchProblem.NOT_AN_ADDRESS, reason)

    def _from_disk(self, named: str, taken: Taken) -> bytes | None:
        return None if self.document_root is None else read_file(self.document_root, named, self.max_bytes, taken)

    def _own_path(self, url: str) -> str | None:
        """The path of an address that is Label Studio's own, under whatever name."""
        source = self._addresses.source(url, _NO_TASK)
        if isinstance(source, FromDisk):
            source = source.otherwise
        return source.path if isinstance(source, FromLabelStudio) else None


def _problem(error: Exception) -> FetchProblem:  # noqa: PLR0911 - one line for each
    """Which kind of trouble an error stands for."""
    match error:
        case UnavailableError():
            return error.problem
        case RetryLaterError():
            return FetchProblem.OUTAGE
        case NotFoundError():
            return FetchProblem.NOT_FOUND
        case LabelLoopError():
            return FetchProblem.REFUSED
        case requests.HTTPError(response=requests.Response(status_code=status)) if status < 500:
            return _STATUSES.get(status, FetchProblem.REFUSED)
        case requests.Timeout():
            return FetchProblem.TIMED_OUT
        case ValueError():
            return FetchProblem.NOT_AN_ADDRESS
    return FetchProblem.UNREACHABLE


def _words(error: Exception, address: str) -> str:
    """What is wrong: in our own words, or in those for the cause behind what a library raised."""
    is_ours = isinstance(error, UnavailableError | LabelLoopError | ValueError)
    return str(error) if is_ours else cause_of(error, address).sentence


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
