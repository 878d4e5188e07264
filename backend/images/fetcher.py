"""Fetches the bytes of a task's image, wherever its address points."""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, unquote_to_bytes, urlsplit

import requests

from backend.errors import ImageUnavailableError, LabelLoopError
from backend.label_studio.client import CONNECT_SECONDS, LabelStudio

LOCAL_FILES = "/data/local-files/"
CLOUD_SCHEMES = ("s3", "gs", "azure-blob")
_CHUNK = 1 << 16


@dataclass(frozen=True)
class ImageFetcher:
    """Resolves image addresses.

    Label Studio's token goes to Label Studio only, never to another host that a task names.
    """

    label_studio: LabelStudio
    max_bytes: int
    seconds: float
    document_root: Path | None = None

    def fetch(self, address: str, task_id: int) -> bytes:
        """The image's bytes, at most `max_bytes`.

        Raises:
            ImageUnavailableError: with the reason, for any address that gives no bytes.
        """
        try:
            scheme = urlsplit(address).scheme.lower()
            if scheme == "data":
                return self._limited(_data_uri(address))
            if scheme in CLOUD_SCHEMES:
                encoded = base64.b64encode(address.encode()).decode()
                return self._from_label_studio(f"/tasks/{task_id}/presign/?fileuri={encoded}")
            if scheme in ("http", "https"):
                if address.startswith(f"{self.label_studio.url}/"):
                    return self._from_label_studio(address[len(self.label_studio.url) :])
                return self._from_the_web(address)
            if address.startswith("/"):
                return self._from_disk(address) or self._from_label_studio(address)
        except (LabelLoopError, requests.RequestException, OSError, ValueError) as error:
            raise ImageUnavailableError(f"{_short(address)}: {error}") from error
        raise ImageUnavailableError(f"{_short(address)}: not an address that an image can be fetched from.")

    def _from_disk(self, address: str) -> bytes | None:
        parts = urlsplit(address)
        if self.document_root is None or parts.path != LOCAL_FILES:
            return None
        named = parse_qs(parts.query).get("d", [""])[0]
        path = (self.document_root / unquote(named).lstrip("/")).resolve()
        if not path.is_relative_to(self.document_root.resolve()) or not path.is_file():
            return None
        if path.stat().st_size > self.max_bytes:
            raise ImageUnavailableError(f"larger than the limit of {self.max_bytes:,} bytes (IMAGE_MAX_BYTES).")
        return path.read_bytes()

    def _from_label_studio(self, path: str) -> bytes:
        limits = (CONNECT_SECONDS, self.seconds)
        return self._read(self.label_studio.request("GET", path, stream=True, timeout=limits))

    def _from_the_web(self, address: str) -> bytes:
        answer = requests.get(address, stream=True, timeout=(CONNECT_SECONDS, self.seconds))
        answer.raise_for_status()
        return self._read(answer)

    def _read(self, answer: requests.Response) -> bytes:
        with answer:
            content = bytearray()
            for chunk in answer.iter_content(_CHUNK):
                content += chunk
                if len(content) > self.max_bytes:
                    break
        return self._limited(bytes(content))

    def _limited(self, content: bytes) -> bytes:
        if len(content) > self.max_bytes:
            raise ImageUnavailableError(f"larger than the limit of {self.max_bytes:,} bytes (IMAGE_MAX_BYTES).")
        return content


def _data_uri(address: str) -> bytes:
    header, comma, body = address.partition(",")
    if not comma:
        raise ImageUnavailableError("a data: address without a comma.")
    if not header.lower().endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(unquote_to_bytes(body), validate=False)
    except (binascii.Error, ValueError) as error:
        raise ImageUnavailableError(f"a data: address that is not base64: {error}") from error


def _short(address: str) -> str:
    return address if len(address) <= 120 else f"{address[:117]}…"
