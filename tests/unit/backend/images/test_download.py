"""What an address leads to: redirections, limits, and addresses that nobody may name."""

import gzip
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.images import hosts
from backend.images.fetcher import ImageFetcher
from backend.images.outcome import FetchProblem, Unavailable
from backend.label_studio.client import LabelStudio
from backend.transport.public import read_networks
from tests.support import hostile_host
from tests.support.hostile_host import HostileHost, drip, ok, say
from tests.unit.backend.images.host import LIMIT, Host

SECONDS = 0.4
PATIENCE = 20.0
"""Seconds that a busy machine may take over `SECONDS`."""
LOCAL = read_networks("127.0.0.0/8")
STORAGE = "/tasks/1/resolve/302?fileuri=czM6Ly9idWNrZXQvYS5wbmc="


def fetcher_of(label_studio: Host, local: str = "127.0.0.0/8", seconds: float = 30.0) -> ImageFetcher:
    return ImageFetcher(
        LabelStudio(label_studio.url, "token"), LIMIT, seconds=seconds, allow_private=read_networks(local)
    )


def problem(fetcher: ImageFetcher, address: str) -> FetchProblem:
    fetched = fetcher.fetch(address, 1)
    assert isinstance(fetched, Unavailable)
    return fetched.problem


@pytest.fixture
def fetcher(label_studio: Host) -> ImageFetcher:
    """One that may reach this machine."""
    return fetcher_of(label_studio)


@pytest.fixture
def strict(label_studio: Host) -> ImageFetcher:
    """One as the settings make it by default."""
    return fetcher_of(label_studio, local="")


@pytest.mark.fault("S1")
def test_a_host_that_drips_is_left_after_the_time_for_one_image(label_studio: Host) -> None:
    hurried = fetcher_of(label_studio, seconds=SECONDS)
    with hostile_host.serving(drip(b"x", before=b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")) as host:
        started = time.monotonic()
        assert problem(hurried, host.url) is FetchProblem.TIMED_OUT
    assert time.monotonic() - started < PATIENCE


@pytest.mark.fault("S1")
def test_redirections_without_end_are_ended(fetcher: ImageFetcher, foreign: Host) -> None:
    foreign.elsewhere = f"{foreign.url}/302/again.png"
    assert problem(fetcher, f"{foreign.url}/302/a.png") is FetchProblem.REFUSED
    assert len(foreign.asked) < 20


@pytest.mark.fault("S1")
def test_slow_redirections_share_one_deadline(label_studio: Host) -> None:
    hurried = fetcher_of(label_studio, seconds=2 * SECONDS)

    def slow_circle(connection) -> None:
        time.sleep(SECONDS)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with hostile_host.serving(slow_circle) as host:
        assert problem(hurried, host.url) is FetchProblem.TIMED_OUT
        assert host.connections <= 3


@pytest.mark.fault("S1")
def test_what_a_body_decompresses_to_is_limited(fetcher: ImageFetcher) -> None:
    bomb = gzip.compress(bytes(100_000_000))
    with hostile_host.serving(say(ok(bomb, "Content-Encoding: gzip"))) as host:
        assert problem(fetcher, host.url) is FetchProblem.TOO_LARGE


def test_a_compressed_body_is_decompressed(fetcher: ImageFetcher) -> None:
    with hostile_host.serving(say(ok(gzip.compress(b"content"), "Content-Encoding: gzip"))) as host:
        assert fetcher.fetch(host.url, 1) == b"content"


@pytest.mark.fault("S1")
def test_nothing_is_read_of_a_body_that_is_announced_as_too_large(fetcher: ImageFetcher) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"
    with hostile_host.serving(drip(b"", gap=1.0, before=head)) as host:
        assert problem(fetcher, host.url) is FetchProblem.TOO_LARGE


@pytest.mark.fault("S7")
def test_a_task_may_not_name_this_machine(strict: ImageFetcher, foreign: Host) -> None:
    fetched = strict.fetch(f"{foreign.url}/a.png", 1)
    assert isinstance(fetched, Unavailable)
    assert fetched.problem is FetchProblem.REFUSED
    assert "IMAGE_ALLOW_PRIVATE" in fetched.reason
    assert foreign.asked == []


@pytest.mark.fault("S7")
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "0.0.0.0"])
def test_a_redirection_may_not_lead_to_this_machine(label_studio: Host, foreign: Host, name: str) -> None:
    """127.0.0.2 stands for a public host."""
    with hostile_host.serving(say(ok(b"secret"))) as inside:
        location = f"Location: http://{name}:{inside.port}/secret"
        answer = f"HTTP/1.1 302 Found\r\n{location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        with hostile_host.serving(say(answer), address="127.0.0.2") as outside:
            fetcher = fetcher_of(label_studio, local="127.0.0.2/32")
            assert problem(fetcher, outside.url) is FetchProblem.REFUSED
        assert (outside.connections, inside.connections) == (1, 0)


@pytest.mark.fault("S7")
@pytest.mark.parametrize(
    "location", ["file:///etc/hostname", "ftp://127.0.0.1/a.png", "gopher://127.0.0.1/", "data:,x"]
)
def test_a_redirection_may_not_change_to_another_kind_of_address(
    fetcher: ImageFetcher, foreign: Host, location: str
) -> None:
    foreign.elsewhere = location
    assert problem(fetcher, f"{foreign.url}/302/a.png") is FetchProblem.REFUSED


def test_label_studio_may_be_anywhere(strict: ImageFetcher) -> None:
    assert strict.fetch("/a.png", 1) == b"content"


def test_a_redirection_by_label_studio_may_lead_to_itself(strict: ImageFetcher, label_studio: Host) -> None:
    label_studio.elsewhere = f"{label_studio.url}/elsewhere.png"
    assert strict.fetch("/302/a.png", 1) == b"content"
    assert [authorization for _, authorization in label_studio.asked] == ["Token token"] * 2


def test_storages_of_label_studio_may_be_private(strict: ImageFetcher, label_studio: Host, foreign: Host) -> None:
    label_studio.elsewhere = f"http://localhost:{foreign.server_address[1]}/bucket/a.png?signature=s"
    assert strict.fetch(STORAGE, 1) == b"content"
    assert foreign.asked == [("/bucket/a.png?signature=s", None)]


@pytest.mark.fault("S7")
def test_other_pages_of_label_studio_may_not_send_us_to_private_addresses(
    strict: ImageFetcher, label_studio: Host, foreign: Host
) -> None:
    label_studio.elsewhere = f"http://localhost:{foreign.server_address[1]}/a.png"
    assert problem(strict, "/user/login/302?next=…") is FetchProblem.REFUSED
    assert foreign.asked == []


@pytest.mark.fault("S7")
def test_a_storage_may_not_send_us_on_to_another_private_address(
    strict: ImageFetcher, label_studio: Host, foreign: Host
) -> None:
    foreign.elsewhere = "http://127.0.0.3:1/secret"
    label_studio.elsewhere = f"{foreign.url}/302/a.png"
    assert problem(strict, STORAGE) is FetchProblem.REFUSED
    assert len(foreign.asked) == 1


@pytest.mark.fault("S7")
def test_not_even_a_storage_leads_to_metadata(strict: ImageFetcher, label_studio: Host) -> None:
    label_studio.elsewhere = "http://169.254.169.254/latest/meta-data/"
    assert problem(strict, STORAGE) is FetchProblem.REFUSED


@pytest.mark.fault("S7")
def test_a_private_storage_s_open_connection_serves_no_stranger(
    strict: ImageFetcher, label_studio: Host, foreign: Host
) -> None:
    label_studio.elsewhere = f"{foreign.url}/a.png"
    assert strict.fetch(STORAGE, 1) == b"content"
    assert problem(strict, f"{foreign.url}/a.png") is FetchProblem.REFUSED


@pytest.fixture
def given_up(label_studio: Host) -> Iterator[tuple[ImageFetcher, HostileHost]]:
    """A fetcher that has had enough of a host."""
    with hostile_host.serving(drip(b"", gap=1.0)) as host:
        fetcher = ImageFetcher(LabelStudio(label_studio.url, "token"), LIMIT, 0.1, allow_private=LOCAL)
        for number in range(hosts.FAILURES):
            assert problem(fetcher, f"{host.url}/{number}.png") is FetchProblem.TIMED_OUT
        yield fetcher, host


@pytest.mark.fault("S1")
def test_a_dead_host_is_not_asked_for_each_of_its_images(given_up: tuple[ImageFetcher, HostileHost]) -> None:
    fetcher, host = given_up
    asked = host.connections
    for number in range(1000):
        assert problem(fetcher, f"{host.url}/more/{number}.png") is FetchProblem.HOST_GIVEN_UP
    assert host.connections == asked


def test_a_host_that_is_given_up_keeps_no_other_from_being_asked(
    given_up: tuple[ImageFetcher, HostileHost], label_studio: Host
) -> None:
    fetcher, _ = given_up
    with hostile_host.serving(say(ok(b"content"))) as other:
        patient = ImageFetcher(fetcher.label_studio, LIMIT, 30.0, allow_private=LOCAL, hosts=fetcher.hosts)
        assert patient.fetch(other.url, 1) == b"content"


def test_what_a_host_objects_to_is_no_failure_of_the_host(fetcher: ImageFetcher, foreign: Host) -> None:
    for _ in range(2 * hosts.FAILURES):
        assert problem(fetcher, f"{foreign.url}/404.png") is FetchProblem.NOT_FOUND


def test_a_host_is_not_to_blame_for_a_deadline_that_came_before_its_own(fetcher: ImageFetcher) -> None:
    with hostile_host.serving(drip(b"", gap=1.0)) as host:
        for _ in range(2 * hosts.FAILURES):
            fetched = fetcher.fetch(host.url, 1, until=time.monotonic() + 0.05)
            assert isinstance(fetched, Unavailable)
            assert fetched.problem is FetchProblem.TIMED_OUT


@pytest.mark.fault("S12")
def test_reasons_have_a_limit(fetcher: ImageFetcher, foreign: Host) -> None:
    fetched = fetcher.fetch(f"http://127.0.0.1:9/{'x' * 10_000}", 1)
    assert isinstance(fetched, Unavailable)
    assert len(fetched.reason) < 700


@pytest.mark.fault("S12")
def test_an_address_of_a_megabyte_is_none(fetcher: ImageFetcher, foreign: Host) -> None:
    assert problem(fetcher, f"{foreign.url}/{'x' * 1_000_000}") is FetchProblem.NOT_AN_ADDRESS
    assert foreign.asked == []


@pytest.mark.fault("R11")
def test_hosts_are_told_who_asks_for_images(fetcher: ImageFetcher) -> None:
    with hostile_host.serving(say(ok(b"content"))) as host:
        fetcher.fetch(host.url, 1)
    assert b"\r\nUser-Agent: Label-Loop/" in host.requests[0]
    assert b"python" not in host.requests[0].lower()


@pytest.mark.fault("R12")
def test_netrc_gives_strangers_no_password(
    fetcher: ImageFetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with hostile_host.serving(say(ok(b"content"))) as host:
        fetcher.fetch(host.url, 1)
    assert b"Authorization" not in host.requests[0]
