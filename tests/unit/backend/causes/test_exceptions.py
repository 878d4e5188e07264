"""Each thing that can be wrong with a connection has a name of its own, whichever library met it."""

import errno
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import requests
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from backend.causes.exceptions import cause_of
from backend.causes.kinds import Cause, CauseKind
from backend.errors import RetryLaterError
from tests.support.stack import RunningRedis
from tests.support.tls import Authority
from tests.unit.backend.causes.conftest import Serve

pytestmark = pytest.mark.fault("R12")

Get = Callable[..., object]
DEAD = "http://127.0.0.1:9"


@pytest.fixture(params=["requests", "httpx"])
def get(request: pytest.FixtureRequest) -> Get:
    """GET by either library."""
    return requests.get if request.param == "requests" else httpx.get


def met(get: Get, url: str) -> Cause:
    """The cause of what a GET raises."""
    with pytest.raises((requests.RequestException, httpx.HTTPError, OSError, ValueError)) as raised:
        get(url, timeout=1.0)
    return cause_of(raised.value, url)


def trust(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))


def test_a_certificate_of_an_unknown_authority_names_the_setting(get: Get, serve: Serve, authority: Authority) -> None:
    cause = met(get, f"https://localhost:{serve(authority.context('localhost')).port}")
    assert cause.kind is CauseKind.CERTIFICATE_UNKNOWN
    assert "REQUESTS_CA_BUNDLE" in cause.mend


def test_the_authority_that_the_setting_names_is_trusted(
    serve: Serve, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(authority, monkeypatch)
    assert requests.get(f"https://localhost:{serve(authority.context('localhost')).port}", timeout=5).ok


def test_an_expired_certificate_is_told_from_an_unknown_one(
    get: Get, serve: Serve, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(authority, monkeypatch)
    expired = authority.context("localhost", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    assert met(get, f"https://localhost:{serve(expired).port}").kind is CauseKind.CERTIFICATE_EXPIRED


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_for_another_host_says_for_which_it_is_none(
    get: Get, serve: Serve, authority: Authority, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    trust(authority, monkeypatch)
    cause = met(get, f"https://{host}:{serve(authority.context('example.org')).port}")
    assert cause.kind is CauseKind.CERTIFICATE_HOST
    assert host in cause.message


def test_a_missing_file_of_certificates_is_named(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    cause = met(requests.get, f"https://localhost:{serve().port}")
    assert (cause.kind, "/nowhere.pem" in cause.message) == (CauseKind.CERTIFICATE_FILE, True)


def test_tls_at_a_plain_port_is_told(get: Get, serve: Serve) -> None:
    assert met(get, f"https://localhost:{serve().port}").kind is CauseKind.TLS_NOT_SPOKEN


def test_plain_talk_at_a_port_for_tls_ends_in_a_word_about_tls(get: Get, serve: Serve, authority: Authority) -> None:
    cause = met(get, f"http://localhost:{serve(authority.context('localhost')).port}")
    assert cause.kind in (CauseKind.TLS_NEEDED, CauseKind.CONNECTION_CLOSED)
    assert "https://" in cause.mend


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dead_proxy_is_named_and_not_the_host(get: Get, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", "http://user:secret@127.0.0.1:9")
    cause = met(get, f"{scheme}://label-studio.example/")
    assert cause.kind is CauseKind.PROXY_AWAY
    assert "127.0.0.1:9" in cause.message
    assert "secret" not in cause.message
    assert "NO_PROXY" in cause.mend


def test_a_proxy_that_refuses_is_told_from_a_dead_one(get: Get, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    # It knows no CONNECT.
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{serve().port}")
    assert met(get, "https://label-studio.example/").kind is CauseKind.PROXY_REFUSES


@pytest.mark.parametrize("proxy", ["foo://proxy", "socks5://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    assert met(requests.get, "https://label-studio.example/").kind is CauseKind.PROXY_ADDRESS


def test_a_host_that_nobody_knows_is_told_from_one_that_is_down(get: Get) -> None:
    assert met(get, "http://nowhere.invalid/").kind in (CauseKind.UNKNOWN_HOST, CauseKind.NAMES_AWAY)
    assert met(get, DEAD).kind is CauseKind.CONNECTION_REFUSED


def test_a_silent_server_is_told_from_one_that_is_down(get: Get) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert met(get, f"http://127.0.0.1:{silent.getsockname()[1]}").kind is CauseKind.NO_ANSWER_IN_TIME


@pytest.fixture
def closing() -> Iterator[int]:
    """Port of a server that hangs up on whoever asks."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            while True:
                try:
                    asking, _ = server.accept()
                except OSError:
                    return
                asking.recv(1000)
                asking.close()

        threading.Thread(target=hang_up, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_a_server_that_hangs_up_is_told(get: Get, closing: int) -> None:
    assert met(get, f"http://127.0.0.1:{closing}").kind is CauseKind.CONNECTION_CLOSED


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, CauseKind.TOKEN_REFUSED),
        (403, CauseKind.NOT_ALLOWED),
        (404, CauseKind.NOT_FOUND),
        (418, CauseKind.REQUEST_REFUSED),
        (429, CauseKind.TOO_MANY_REQUESTS),
        (499, CauseKind.REQUEST_REFUSED),
        (500, CauseKind.SERVER_ERROR),
        (502, CauseKind.GATEWAY),
        (599, CauseKind.SERVER_ERROR),
    ],
)
def test_a_status_is_a_cause(serve: Serve, status: int, kind: CauseKind) -> None:
    server = serve()
    server.status = status
    answer = requests.get(f"http://127.0.0.1:{server.port}", timeout=5)
    with pytest.raises(requests.HTTPError) as raised:
        answer.raise_for_status()
    assert cause_of(raised.value).kind is kind


def test_an_error_of_ours_keeps_the_cause_that_it_was_raised_with() -> None:
    cause = Cause(CauseKind.GATEWAY, "HTTP 502")
    assert cause_of(RetryLaterError("Label Studio does not answer.", cause)) is cause


def of_redis(url: str) -> CauseKind:
    with pytest.raises(RedisError) as raised, Redis.from_url(url, socket_connect_timeout=1) as redis:
        redis.set("key", "value")
    return cause_of(raised.value).kind


def test_a_redis_is_told_by_what_is_wrong_with_it(serve: Serve, authority: Authority) -> None:
    assert of_redis("redis://127.0.0.1:9") is CauseKind.CONNECTION_REFUSED
    assert of_redis("redis://nowhere.invalid") in (CauseKind.UNKNOWN_HOST, CauseKind.NAMES_AWAY)
    assert of_redis(f"rediss://127.0.0.1:{serve().port}") is CauseKind.TLS_NOT_SPOKEN
    tls = serve(authority.context("localhost")).port
    assert of_redis(f"rediss://localhost:{tls}") is CauseKind.CERTIFICATE_UNKNOWN


def test_a_redis_that_is_full_or_locked_is_told(redis_server: RunningRedis) -> None:
    with redis_server.client() as redis:
        redis.config_set("maxmemory", "1")
        redis.config_set("requirepass", "secret")
        try:
            assert of_redis(redis_server.url) is CauseKind.REDIS_PASSWORD
            with_password = redis_server.url.replace("redis://", "redis://:secret@")
            assert of_redis(redis_server.url.replace("redis://", "redis://:wrong@")) is CauseKind.REDIS_PASSWORD
            assert of_redis(with_password) is CauseKind.REDIS_FULL
        finally:
            redis.config_set("requirepass", "")
            redis.config_set("maxmemory", "0")


def of_database(url: str) -> CauseKind:
    with pytest.raises(SQLAlchemyError) as raised, create_engine(url).connect() as connection:
        connection.execute(text("SELECT * FROM projects"))
    return cause_of(raised.value).kind


def test_a_database_is_told_by_what_is_wrong_with_it(tmp_path: Path) -> None:
    (tmp_path / "garbage").write_bytes(b"garbage" * 1000)
    assert of_database(f"sqlite:///{tmp_path}/garbage") is CauseKind.DATABASE_CORRUPT
    assert of_database(f"sqlite:///{tmp_path}/no/folder") is CauseKind.DATABASE_UNREADABLE
    assert of_database(f"sqlite:///{tmp_path}/empty") is CauseKind.DATABASE_SCHEMA
    assert of_database("postgresql+psycopg://loop@127.0.0.1:9/loop") is CauseKind.CONNECTION_REFUSED
    assert of_database("postgresql+psycopg://loop@nowhere.invalid/loop") is CauseKind.UNKNOWN_HOST


def test_a_database_that_the_server_does_not_have_is_told(postgres_url: str) -> None:
    assert of_database(postgres_url.rpartition("/")[0] + "/none") is CauseKind.DATABASE_MISSING


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, CauseKind.DISK_FULL),
        (errno.EDQUOT, CauseKind.DISK_FULL),
        (errno.EROFS, CauseKind.DISK_READ_ONLY),
        (errno.EACCES, CauseKind.DISK_DENIED),
        (errno.EIO, CauseKind.DISK_FAILS),
        (errno.EMFILE, CauseKind.FILES_OPEN),
    ],
)
def test_the_operating_system_is_taken_at_its_word(number: int, kind: CauseKind) -> None:
    assert cause_of(OSError(number, "in words that nobody reads", "/data/file")) == Cause(kind, "/data/file")


def test_a_full_disk_is_found_however_deep_it_was_wrapped() -> None:
    try:
        try:
            raise sqlite3.OperationalError("database or disk is full")
        except sqlite3.OperationalError as error:
            raise RuntimeError("writing failed") from error
    except RuntimeError as wrapped:
        assert cause_of(wrapped).kind is CauseKind.DISK_FULL


def test_what_has_no_name_keeps_its_own_words() -> None:
    assert cause_of(KeyError("spam")) == Cause(CauseKind.OTHER, "KeyError: 'spam'")
