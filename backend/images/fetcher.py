"""Fetches the bytes of one task's image, wherever its address points."""

import base64
import binascii
import math
import time
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote_to_bytes

import requests

from backend.errors import LabelLoopError, NotFoundError, RetryLaterError
from backend.images.addresses import AddressReader, FromDisk, FromLabelStudio, FromTheWeb, Inline, Nowhere, Source
from backend.label_studio.client import CONNECT_SECONDS, LabelStudio

_CHUNK = 1 << 16


class Problem(StrEnum):
    """Why an address gives no bytes: who is to blame, and whether to try again."""

    OUTAGE = "outage"
    """Label Studio does not answer: the image is not to blame, and the same call may succeed later."""
    UNREACHABLE = "unreachable"
    """Another host, or this machine's disk, does not give the image now."""
    TIMED_OUT = "timed_out"
    """It did not come in time."""
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    """The host is there and has an objection: to the token, or to the request."""
    TOO_LARGE = "too_large"
    NOT_AN_ADDRESS = "not_an_address"
    """Nothing can be fetched from what the task holds."""


@dataclass(frozen=True)
class Unavailable:
    """Stands for the bytes of an image that can't be had.

    Attributes:
        reason: for people, with the address.
    """

    problem: Problem
    reason: str


Fetched = bytes | Unavailable


class _UnavailableError(Exception):
    def __init__(self, problem: Problem, reason: str) -> None:
        super().__init__(reason)
        self.problem = problem


@dataclass(frozen=True)
class ImageFetcher:
    """Fetches images from wherever addresses lead. Safe to use from several threads.

    Label Studio's token goes to Label Studio only, never to another host that a task names.

    Attributes:
        max_bytes: of one image.
        seconds: for which a host may stay silent.
        document_root: Label Studio's local files, where this machine has them.
        addresses: how they are read; None for a Label Studio with one name.
    """

    label_studio: LabelStudio
    max_bytes: int
    seconds: float
    document_root: Path | None = None
    addresses: AddressReader | None = None

    @cached_property
    def _addresses(self) -> AddressReader:
        return self.addresses or AddressReader.of([self.label_studio.url])

    def fetch(self, address: str, task_id: int, deadline: float = math.inf) -> Fetched:
        """The image's bytes, at most `max_bytes`, or why there are none. Never raises.

        Args:
            address: as the task holds it.
            task_id: whose storage Label Studio reads an address in a cloud with.
            deadline: by the monotonic clock, looked at before each read. A host that trickles can overrun it; whoever
                may not wait for that fetches by `backend.images.batch`.
        """
        try:
            return self._fetch(self._addresses.source(address, task_id), deadline)
        except (_UnavailableError, LabelLoopError, OSError, ValueError) as error:
            problem = Problem.TIMED_OUT if time.monotonic() >= deadline else _problem(error)
            return Unavailable(problem, f"{_short(address)}: {error}")

    def _fetch(self, source: Source, deadline: float) -> bytes:
        match source:
            case FromLabelStudio(path):
                return self._from_label_studio(path, deadline)
            case FromDisk(path, otherwise):
                content = self._from_disk(path)
                return self._fetch(otherwise, deadline) if content is None else content
            case FromTheWeb(url):
                return self._from_the_web(url, deadline)
            case Inline(address):
                return self._limited(_data_uri(address))
            case Nowhere(reason):
                raise _UnavailableError(Problem.NOT_AN_ADDRESS, reason)

    def _from_disk(self, named: str) -> bytes | None:
        if self.document_root is None:
            return None
        path = (self.document_root / named).resolve()
        if not path.is_relative_to(self.document_root.resolve()) or not path.is_file():
            return None
        if path.stat().st_size > self.max_bytes:
            raise self._too_large()
        return path.read_bytes()

    def _from_label_studio(self, path: str, deadline: float) -> bytes:
        timeout = self._timeout(deadline)
        return self._read(self.label_studio.request("GET", path, stream=True, timeout=timeout), deadline)

    def _from_the_web(self, address: str, deadline: float) -> bytes:
        answer = requests.get(address, stream=True, timeout=self._timeout(deadline))
        answer.raise_for_status()
        return self._read(answer, deadline)

    def _timeout(self, deadline: float) -> tuple[float, float]:
        """Seconds to connect and to wait for the next bytes."""
        left = _time_left(deadline)
        return min(CONNECT_SECONDS, left), min(self.seconds, left)

    def _read(self, answer: requests.Response, deadline: float) -> bytes:
        with answer:
            content = bytearray()
            for chunk in answer.iter_content(_CHUNK):
                content += chunk
                if len(content) > self.max_bytes:
                    break
                _time_left(deadline)
        return self._limited(bytes(content))

    def _limited(self, content: bytes) -> bytes:
        if len(content) > self.max_bytes:
            raise self._too_large()
        return content

    def _too_large(self) -> _UnavailableError:
        limit = f"larger than the limit of {self.max_bytes:,} bytes (IMAGE_MAX_BYTES)."
        return _UnavailableError(Problem.TOO_LARGE, limit)


def _time_left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise _UnavailableError(Problem.TIMED_OUT, "not fetched in time.")
    return left


def _problem(error: Exception) -> Problem:  # noqa: PLR0911 - one line for each
    """Which kind of trouble an error stands for."""
    match error:
        case _UnavailableError():
            return error.problem
        case RetryLaterError():
            return Problem.OUTAGE
        case NotFoundError():
            return Problem.NOT_FOUND
        case LabelLoopError():
            return Problem.REFUSED
        case requests.HTTPError(response=requests.Response(status_code=status)) if status < 500:
            return Problem.NOT_FOUND if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) else Problem.REFUSED
        case requests.Timeout():
            return Problem.TIMED_OUT
        case ValueError():
            return Problem.NOT_AN_ADDRESS
    return Problem.UNREACHABLE


def _data_uri(address: str) -> bytes:
    header, comma, body = address.partition(",")
    if not comma:
        raise _UnavailableError(Problem.NOT_AN_ADDRESS, "a data: address without a comma.")
    if not header.lower().endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(unquote_to_bytes(body), validate=False)
    except (binascii.Error, ValueError) as error:
        message = f"a data: address that is not base64: {error}"
        raise _UnavailableError(Problem.NOT_AN_ADDRESS, message) from error


def _short(address: str) -> str:
    return address if len(address) <= 120 else f"{address[:117]}…"
