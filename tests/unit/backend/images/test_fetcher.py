"""Fetching images: from addresses of every kind, within limits, without giving the token away."""

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from backend.images.fetcher import ImageFetcher, Unavailable
from backend.label_studio.client import LabelStudio

TOKEN = "a secret token"
LIMIT = 1000
NOBODY = "http://127.0.0.1:9"


class Host(ThreadingHTTPServer):
    """A web server that remembers who asked it for what, and with which Authorization."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.elsewhere = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Authorization"]))
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", self.server.elsewhere)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = bytes(LIMIT + 1) if "large" in self.path else b"content"
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""


def serve() -> Iterator[Host]:
    server = Host()
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def label_studio() -> Iterator[Host]:
    yield from serve()


@pytest.fixture
def foreign() -> Iterator[Host]:
    yield from serve()


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    root = tmp_path / "documents"
    root.mkdir()
    (tmp_path / "secret.png").write_bytes(b"secret")
    (root / "a b ü.png").write_bytes(b"from disk")
    (root / "large.png").write_bytes(bytes(LIMIT + 1))
    (root / "way-out").symlink_to(tmp_path / "secret.png")
    return root


@pytest.fixture
def fetcher(label_studio: Host, documents: Path) -> ImageFetcher:
    return ImageFetcher(LabelStudio(label_studio.url, TOKEN), LIMIT, seconds=2.0, document_root=documents)


def refused(fetcher: ImageFetcher, address: str) -> str:
    fetched = fetcher.fetch(address, 1)
    assert isinstance(fetched, Unavailable)
    return fetched.reason


@pytest.mark.parametrize(
    "address",
    [
        "data:image/png;base64," + base64.b64encode(b"content").decode(),
        "data:image/png;BASE64," + base64.b64encode(b"content").decode(),
        "DATA:;base64," + quote(base64.b64encode(b"content").decode()),
        "data:,content",
        "data:text/plain,%63ontent",
    ],
)
def test_data_addresses_hold_their_content(fetcher: ImageFetcher, address: str) -> None:
    assert fetcher.fetch(address, 1) == b"content"


def test_a_data_address_over_the_limit_is_refused(fetcher: ImageFetcher) -> None:
    assert "IMAGE_MAX_BYTES" in refused(fetcher, "data:," + "x" * (LIMIT + 1))


@pytest.mark.parametrize("address", ["data:image/png", "data:image/png;base64,a"])
def test_a_torn_data_address_is_refused(fetcher: ImageFetcher, address: str) -> None:
    refused(fetcher, address)


def test_local_files_are_read_from_disk_where_they_are(fetcher: ImageFetcher, label_studio: Host) -> None:
    assert fetcher.fetch(f"/data/local-files/?d={quote('a b ü.png')}", 1) == b"from disk"
    assert label_studio.asked == []


def test_local_files_that_are_not_here_come_from_label_studio(fetcher: ImageFetcher, label_studio: Host) -> None:
    assert fetcher.fetch("/data/local-files/?d=elsewhere.png", 1) == b"content"
    assert label_studio.asked == [("/data/local-files/?d=elsewhere.png", f"Token {TOKEN}")]


@pytest.mark.parametrize(
    "named",
    ["../secret.png", "%2e%2e/secret.png", "..%2fsecret.png", "x/../../secret.png", "/../secret.png", "way-out", "%00"],
)
def test_nothing_outside_the_document_root_is_read(fetcher: ImageFetcher, named: str) -> None:
    assert fetcher.fetch(f"/data/local-files/?d={named}", 1) != b"secret"


def test_a_local_file_over_the_limit_is_refused(fetcher: ImageFetcher) -> None:
    assert "IMAGE_MAX_BYTES" in refused(fetcher, "/data/local-files/?d=large.png")


def test_uploads_come_from_label_studio_with_the_token(fetcher: ImageFetcher, label_studio: Host) -> None:
    assert fetcher.fetch("/data/upload/1/a.png", 1) == b"content"
    assert label_studio.asked == [("/data/upload/1/a.png", f"Token {TOKEN}")]


@pytest.mark.parametrize("scheme", ["s3", "gs", "azure-blob"])
def test_label_studio_is_asked_for_what_lies_in_a_cloud(fetcher: ImageFetcher, label_studio: Host, scheme: str) -> None:
    assert fetcher.fetch(f"{scheme}://bucket/a.png", 12) == b"content"
    encoded = base64.b64encode(f"{scheme}://bucket/a.png".encode()).decode()
    assert label_studio.asked[0][0] == f"/tasks/12/presign/?fileuri={encoded}"


def test_the_token_goes_to_label_studio_where_an_address_names_it(fetcher: ImageFetcher, label_studio: Host) -> None:
    fetcher.fetch(f"{label_studio.url}/a.png", 1)
    assert label_studio.asked == [("/a.png", f"Token {TOKEN}")]


def test_the_token_goes_to_no_other_host(fetcher: ImageFetcher, foreign: Host) -> None:
    assert fetcher.fetch(f"{foreign.url}/a.png", 1) == b"content"
    assert foreign.asked == [("/a.png", None)]


def test_the_token_goes_to_no_host_whose_name_begins_alike(fetcher: ImageFetcher, label_studio: Host) -> None:
    port = label_studio.server_address[1]
    refused(fetcher, f"http://127.0.0.1:{port}@127.0.0.1:9/a.png")
    assert label_studio.asked == []


def test_the_token_does_not_follow_a_redirection_to_another_host(
    fetcher: ImageFetcher, label_studio: Host, foreign: Host
) -> None:
    label_studio.elsewhere = f"http://localhost:{foreign.server_address[1]}/a.png"
    assert fetcher.fetch("/away/a.png", 1) == b"content"
    assert foreign.asked == [("/a.png", None)]


@pytest.mark.parametrize("path", ["/missing.png", "/large.png"])
def test_what_a_host_does_not_have_or_has_too_large_is_refused(fetcher: ImageFetcher, foreign: Host, path: str) -> None:
    refused(fetcher, foreign.url + path)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "words",
        "ftp://127.0.0.1/a.png",
        "file:///etc/hostname",
        "http://[::1/a.png",
        "http://",
        "http:///a.png",
        "http://127.0.0.1:99999/a.png",
        "http://\x00/a.png",
        f"{NOBODY}/a.png",
        "/missing.png",
        "//missing.png",
        "s3://missing",
        "relative/missing.png",
        "\ud800",
    ],
)
def test_an_address_that_gives_no_image_is_refused_with_its_reason(fetcher: ImageFetcher, address: str) -> None:
    if address == "s3://missing":
        fetcher = ImageFetcher(LabelStudio(NOBODY, TOKEN), LIMIT, seconds=2.0)
    assert ": " in refused(fetcher, address)
