"""What the client makes of a Label Studio that is not there, or that something stands in front of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.causes.kinds import CauseKind
from backend.errors import LabelLoopError, NotFoundError, OperatorError, RetryLaterError
from backend.label_studio.client import LabelStudio
from tests.support.tls import Answering, Authority, answering

pytestmark = pytest.mark.fault("R12")

PAGE = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def server() -> Iterator[Answering]:
    with answering() as server:
        yield server


@pytest.fixture
def client(server: Answering) -> LabelStudio:
    return LabelStudio(f"http://127.0.0.1:{server.port}", "legacy token")


def told(client: LabelStudio) -> LabelLoopError:
    with pytest.raises(LabelLoopError) as raised:
        client.project(1)
    return raised.value


def kind(error: LabelLoopError) -> CauseKind | None:
    return None if error.cause is None else error.cause.kind


def test_an_entry_in_netrc_does_not_take_the_place_of_the_token(
    client: LabelStudio, server: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    client.whoami()
    assert [authorization for _, _, authorization in server.asked] == ["Token legacy token"]


def test_a_certificate_that_is_not_trusted_names_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with answering(Authority(tmp_path).context("localhost")) as server:
        error = told(LabelStudio(f"https://localhost:{server.port}", "token"))
    assert isinstance(error, RetryLaterError)
    assert "REQUESTS_CA_BUNDLE" in str(error)
    assert "[certificate-unknown]" in str(error)


def test_a_dead_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    error = told(LabelStudio("http://label-studio.example", "token"))
    assert kind(error) is CauseKind.PROXY_AWAY
    assert "127.0.0.1:9" in str(error)
    assert "NO_PROXY" in str(error)


@pytest.mark.parametrize("status", [200, 401, 403, 404, 500])
def test_a_page_says_nothing_of_a_project(client: LabelStudio, server: Answering, status: int) -> None:
    server.status, server.headers, server.body = status, PAGE, b"<html><h1>Log in</h1></html>"
    error = told(client)
    assert isinstance(error, RetryLaterError)
    assert kind(error) is CauseKind.PAGE_ANSWERS
    assert f"HTTP {status}" in str(error)
    assert "<h1>" not in str(error)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_is_told_from_label_studio(client: LabelStudio, server: Answering, status: int) -> None:
    server.status, server.headers, server.body = status, PAGE, b"<html>Bad Gateway</html>"
    assert kind(told(client)) is CauseKind.GATEWAY


def test_label_studio_s_own_404_is_believed(client: LabelStudio, server: Answering) -> None:
    server.status, server.body = 404, b'{"id": "1", "status_code": 404, "version": "1.23.2", "detail": "Not found."}'
    assert isinstance(told(client), NotFoundError)


def test_label_studio_s_own_401_is_about_the_token(client: LabelStudio, server: Answering) -> None:
    server.status, server.body = 401, b'{"detail": "Invalid token."}'
    error = told(client)
    assert (type(error), kind(error)) == (OperatorError, CauseKind.TOKEN_REFUSED)


def test_a_port_for_tls_is_told_by_what_its_proxy_says(client: LabelStudio, server: Answering) -> None:
    said = b"<html>The plain HTTP request was sent to HTTPS port</html>"
    server.status, server.headers, server.body = 400, PAGE, said
    error = told(client)
    assert (type(error), kind(error)) == (OperatorError, CauseKind.TLS_NEEDED)


def test_a_redirection_to_another_address_names_that_address(client: LabelStudio, server: Answering) -> None:
    with answering() as elsewhere:
        server.status, server.headers = 301, {"Location": f"http://127.0.0.1:{elsewhere.port}/api/projects/1"}
        error = told(client)
    assert (type(error), kind(error)) == (OperatorError, CauseKind.REDIRECTED)
    assert f"http://127.0.0.1:{elsewhere.port}" in str(error)


def test_a_circle_of_redirections_is_told(client: LabelStudio, server: Answering) -> None:
    server.status, server.headers = 302, {"Location": "/api/projects/1"}
    assert kind(told(client)) is CauseKind.REDIRECTED_FOR_EVER
