"""What every request of ours has, and has not."""

import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from backend import __version__
from backend.transport import names
from backend.transport.public import AddressGuard
from backend.transport.session import Session
from backend.transport.sockets import IpAddress, RefusedAddressError
from tests.support import hostile_host
from tests.support.hostile_host import HostileHost


@pytest.fixture
def host() -> Iterator[HostileHost]:
    with hostile_host.serving(hostile_host.say(hostile_host.ok(b"content", "Set-Cookie: a=b"))) as host:
        yield host


def headers(host: HostileHost) -> dict[str, str]:
    """Of the last request."""
    _, *lines = host.requests[-1].decode().split("\r\n\r\n")[0].split("\r\n")
    return dict(line.split(": ", 1) for line in lines)


@pytest.mark.fault("R11")
def test_we_say_who_we_are(host: HostileHost) -> None:
    Session().get(host.url)
    named = headers(host)["User-Agent"]
    assert named.startswith(f"Label-Loop/{__version__} ")
    assert not any(name in named.lower() for name in ("python", "requests", "urllib"))


@pytest.mark.fault("R12")
def test_netrc_takes_the_place_of_no_header(host: HostileHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    Session().get(host.url, headers={"Authorization": "Token ours"})
    assert headers(host)["Authorization"] == "Token ours"
    Session().get(host.url)
    assert "Authorization" not in headers(host)


def test_cookies_are_not_kept(host: HostileHost) -> None:
    session = Session()
    session.get(host.url)
    session.get(host.url)
    assert "Cookie" not in headers(host)


def test_proxies_of_the_environment_are_used(host: HostileHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", host.url)
    Session().get("http://images.example/a.png")
    assert host.requests[-1].startswith(b"GET http://images.example/a.png ")


@pytest.mark.fault("S7")
@pytest.mark.parametrize(
    "name",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "[::1]", "[::ffff:127.0.0.1]"],
)
def test_no_spelling_of_a_refused_address_is_connected_to(host: HostileHost, name: str) -> None:
    with pytest.raises(RefusedAddressError):
        Session(AddressGuard()).get(f"http://{name}:{host.port}/")
    assert host.connections == 0


@pytest.mark.fault("S7")
def test_a_proxy_is_asked_for_no_refused_address(host: HostileHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", host.url)
    with pytest.raises(RefusedAddressError):
        Session(AddressGuard()).get("http://169.254.169.254/latest/meta-data/")
    assert host.connections == 0


@pytest.mark.fault("S7")
def test_what_was_looked_at_is_what_is_connected_to(host: HostileHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads elsewhere each time it is asked for is asked for once."""
    answers = [("127.0.0.1", host.port), ("203.0.113.1", host.port)]
    seen = []

    def rebinding(name: str, port: int, *, flags: int = 0, **named: Any) -> Any:
        if flags:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", answers.pop(0))]

    def guard(address: IpAddress) -> bool:
        seen.append(str(address))
        return True

    monkeypatch.setattr(names.socket, "getaddrinfo", rebinding)
    assert Session(guard).get(f"http://rebinding.example:{host.port}/").content == b"content"
    assert (seen, len(answers)) == (["127.0.0.1"], 1)


def test_one_session_serves_several_threads(host: HostileHost) -> None:
    session = Session()
    answers: list[requests.Response] = []
    threads = [threading.Thread(target=lambda: answers.append(session.get(host.url))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.content for answer in answers] == [b"content"] * 8


def test_connections_of_many_threads_are_kept_for_their_next_requests(caplog: pytest.LogCaptureFixture) -> None:
    all_there = threading.Barrier(16)

    def together(connection: socket.socket) -> None:
        all_there.wait(60.0)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    session = Session()
    with hostile_host.serving(together) as host, caplog.at_level(logging.WARNING):
        threads = [threading.Thread(target=session.get, args=[host.url]) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [record.getMessage() for record in caplog.records] == []
