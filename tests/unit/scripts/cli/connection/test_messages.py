"""What `connect` says of a Label Studio that it does not reach names the thing to mend."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.cli.commands import CommandError
from scripts.cli.connection.api import LabelStudioApi
from scripts.cli.connection.checks import prerequisites
from scripts.cli.connection.findings import Finding
from tests.support.tls import Answering, Authority, answering

pytestmark = pytest.mark.fault("R12")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def guarded(authority: Authority) -> Iterator[Answering]:
    """A server with a certificate of that authority."""
    with answering(authority.context("localhost")) as server:
        yield server


def said_of(url: str) -> Finding:
    (finding,) = prerequisites(LabelStudioApi(url, "token"), 1)
    return finding


def test_a_self_signed_certificate_is_mended_by_a_setting(guarded: Answering) -> None:
    finding = said_of(f"https://localhost:{guarded.port}")
    assert "[certificate-unknown]" in finding.what
    assert "REQUESTS_CA_BUNDLE" in finding.mend


def test_the_setting_that_the_backend_knows_counts_for_the_command_too(
    guarded: Answering, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
    guarded.body = b'{"release": "1.23.2"}'
    assert LabelStudioApi(f"https://localhost:{guarded.port}", "token").version() == "1.23.2"


def test_a_missing_file_of_certificates_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    with pytest.raises(CommandError, match="REQUESTS_CA_BUNDLE=/nowhere"):
        LabelStudioApi("https://localhost", "token")


def test_a_dead_proxy_is_named_and_not_label_studio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    finding = said_of("http://label-studio.example")
    assert "127.0.0.1:9) [proxy-away]" in finding.what
    assert "NO_PROXY" in finding.mend


def test_a_server_that_is_not_started_is_to_be_started() -> None:
    assert said_of("http://127.0.0.1:9").mend.startswith("Start it")


def test_a_gateway_is_told_from_label_studio() -> None:
    with answering() as server:
        server.status, server.headers, server.body = 502, {"Content-Type": "text/html"}, b"<html>Bad Gateway</html>"
        assert "proxy" in said_of(f"http://127.0.0.1:{server.port}").mend
