"""Fetching images: from addresses of every kind, within limits, without giving the token away."""

import base64
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from backend.images.fetcher import ImageFetcher
from backend.images.outcome import FetchProblem, Unavailable
from backend.label_studio.client import LabelStudio
from backend.transport.public import read_networks
from tests.unit.backend.images.host import LIMIT, NOBODY, Host

TOKEN = "a secret token"
LOCAL = read_networks("127.0.0.0/8")


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
    return ImageFetcher(LabelStudio(label_studio.url, TOKEN), LIMIT, 30.0, documents, allow_private=LOCAL)


def refused(fetcher: ImageFetcher, address: str) -> Unavailable:
    fetched = fetcher.fetch(address, 1)
    assert isinstance(fetched, Unavailable)
    return fetched


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
    assert "IMAGE_MAX_BYTES" in refused(fetcher, "data:," + "x" * (LIMIT + 1)).reason


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
    assert "IMAGE_MAX_BYTES" in refused(fetcher, "/data/local-files/?d=large.png").reason


def test_uploads_come_from_label_studio_with_the_token(fetcher: ImageFetcher, label_studio: Host) -> None:
    assert fetcher.fetch("/data/upload/1/a.png", 1) == b"content"
    assert label_studio.asked == [("/data/upload/1/a.png", f"Token {TOKEN}")]


@pytest.mark.parametrize("scheme", ["s3", "gs", "azure-blob"])
def test_label_studio_is_asked_for_what_lies_in_a_cloud(fetcher: ImageFetcher, label_studio: Host, scheme: str) -> None:
    assert fetcher.fetch(f"{scheme}://bucket/a.png", 12) == b"content"
    encoded = base64.urlsafe_b64encode(f"{scheme}://bucket/a.png".encode()).decode()
    assert label_studio.asked[0][0] == f"/tasks/12/resolve/?fileuri={encoded}"


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
    assert fetcher.fetch("/302/a.png", 1) == b"content"
    assert foreign.asked == [("/a.png", None)]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/404.png", FetchProblem.NOT_FOUND),
        ("/401.png", FetchProblem.REFUSED),
        ("/500.png", FetchProblem.UNREACHABLE),
        ("/large.png", FetchProblem.TOO_LARGE),
    ],
)
def test_another_hosts_answer_says_what_is_wrong(
    fetcher: ImageFetcher, foreign: Host, path: str, problem: FetchProblem
) -> None:
    assert refused(fetcher, foreign.url + path).problem is problem


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/404.png", FetchProblem.NOT_FOUND),
        ("/401.png", FetchProblem.REFUSED),
        ("/500.png", FetchProblem.OUTAGE),
        ("/large.png", FetchProblem.TOO_LARGE),
    ],
)
def test_label_studios_answer_says_whether_it_is_an_outage(
    fetcher: ImageFetcher, path: str, problem: FetchProblem
) -> None:
    assert refused(fetcher, path).problem is problem


def test_a_host_that_stays_silent_beyond_the_deadline_is_given_up(fetcher: ImageFetcher, foreign: Host) -> None:
    started = time.monotonic()
    fetched = fetcher.fetch(f"{foreign.url}/never.png", 1, until=started + 0.3)
    assert isinstance(fetched, Unavailable)
    assert fetched.problem is FetchProblem.TIMED_OUT
    assert time.monotonic() - started < 15.0  # Half of what the fetcher would wait without one.


def test_after_the_deadline_nobody_is_asked(fetcher: ImageFetcher, label_studio: Host) -> None:
    fetched = fetcher.fetch("/a.png", 1, until=time.monotonic())
    assert isinstance(fetched, Unavailable)
    assert (fetched.problem, label_studio.asked) == (FetchProblem.TIMED_OUT, [])


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", FetchProblem.NOT_AN_ADDRESS),
        ("words", FetchProblem.NOT_AN_ADDRESS),
        ("ftp://127.0.0.1/a.png", FetchProblem.NOT_AN_ADDRESS),
        ("file:///etc/hostname", FetchProblem.NOT_AN_ADDRESS),
        ("http://[::1/a.png", FetchProblem.NOT_AN_ADDRESS),
        ("http://", FetchProblem.NOT_AN_ADDRESS),
        ("http:///a.png", FetchProblem.NOT_AN_ADDRESS),
        ("http://127.0.0.1:99999/a.png", FetchProblem.NOT_AN_ADDRESS),
        ("http://\x00/a.png", FetchProblem.NOT_AN_ADDRESS),
        (f"{NOBODY}/a.png", FetchProblem.UNREACHABLE),
        ("/404.png", FetchProblem.NOT_FOUND),
        ("relative/missing.png", FetchProblem.NOT_AN_ADDRESS),
        ("\ud800", FetchProblem.NOT_AN_ADDRESS),
    ],
)
def test_an_address_that_gives_no_image_is_refused_with_its_reason(
    fetcher: ImageFetcher, address: str, problem: FetchProblem
) -> None:
    assert ": " in refused(fetcher, address).reason
    assert refused(fetcher, address).problem is problem


def test_a_cloud_behind_a_label_studio_that_is_away_is_an_outage() -> None:
    fetcher = ImageFetcher(LabelStudio(NOBODY, TOKEN), LIMIT, seconds=2.0)
    assert refused(fetcher, "s3://bucket/a.png").problem is FetchProblem.OUTAGE
