"""Who may call: with a password or a secret configured, nothing but `/health` answers without one of them."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.service import MakeService, Service, settings_of, start
from tests.support.stack import RunningRedis

ROUTES = [
    ("GET", "/"),
    ("POST", "/setup"),
    ("POST", "/predict"),
    ("POST", "/webhook"),
    ("GET", "/versions"),
    ("POST", "/versions"),
    ("GET", "/metrics"),
    ("GET", "/api/projects/7/versions/v1"),
    ("GET", "/api/projects/7/insight"),
    ("GET", "/nothing-here"),
    ("GET", "/health/"),
    ("GET", "//health"),
]
BASIC = {"basic_auth_user": "user", "basic_auth_pass": "pässwort"}
SECRET = {"webhook_secret": "shared secret"}
CONFIGURED: dict[str, dict[str, str]] = {"none": {}, "basic": BASIC, "secret": SECRET, "both": BASIC | SECRET}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


GIVEN: dict[str, dict[str, str]] = {
    "nothing": {},
    "right password": basic("user", "pässwort"),
    "wrong password": basic("user", "other"),
    "wrong user": basic("other", "pässwort"),
    "empty password": basic("", ""),
    "torn basic": {"Authorization": "Basic ?"},
    "bearer": {"Authorization": "Bearer token"},
    "right secret": {"X-Label-Loop-Secret": "shared secret"},
    "wrong secret": {"X-Label-Loop-Secret": "other"},
    "empty secret": {"X-Label-Loop-Secret": ""},
}
LETS_IN = {
    "none": set(GIVEN),
    "basic": {"right password"},
    "secret": {"right secret"},
    "both": {"right password"},
}


@pytest.fixture(scope="module")
def guarded(redis_server: RunningRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Service]]:
    made: dict[str, Service] = {}

    def make(configured: str) -> Service:
        if configured not in made:
            folder = tmp_path_factory.mktemp("guarded")
            made[configured] = start(settings_of(folder, redis_server.url, **CONFIGURED[configured]))
        return made[configured]

    yield make
    for each in made.values():
        each.stop()


def statuses(service: Service, headers: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {
        (method, path): service.client.open(path, method=method, headers=headers).status_code for method, path in ROUTES
    }


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("configured", CONFIGURED)
def test_only_who_shows_what_is_configured_gets_in(
    guarded: Callable[[str], Service], configured: str, given: str
) -> None:
    answered = statuses(guarded(configured), GIVEN[given])
    refused = {route for route, status in answered.items() if status == 401}
    # With a password, the secret opens nothing but what it is for: whoever sees a project's settings can read it.
    opened = {("POST", "/webhook")} if (configured, given) == ("both", "right secret") else set()
    assert refused == (set() if given in LETS_IN[configured] else set(ROUTES) - opened)


@pytest.mark.parametrize("configured", CONFIGURED)
def test_health_needs_nothing(guarded: Callable[[str], Service], configured: str) -> None:
    assert guarded(configured).client.get("/health").status_code == 200


def test_a_refusal_says_what_to_send(guarded: Callable[[str], Service]) -> None:
    answer = guarded("both").client.post("/predict")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "webhook secret" in answer.get_json()["error"]


def test_secrets_are_not_in_any_answer(guarded: Callable[[str], Service]) -> None:
    client = guarded("both").client
    answers = [client.get(path, headers=GIVEN["right password"]).text for path in ("/health", "/versions", "/metrics")]
    assert not any(secret in answer for secret in ("pässwort", "shared secret") for answer in answers)


def test_an_address_that_is_not_there_is_answered_with_one_sentence(guarded: Callable[[str], Service]) -> None:
    answer = guarded("none").client.get("/nothing-here")
    assert (answer.status_code, list(answer.get_json())) == (404, ["error"])


@pytest.fixture
def unguarded(redis_server: RunningRedis, tmp_path: Path, make_service: MakeService) -> Callable[..., Service]:
    """A service that asks for nothing; `host` is what the settings name."""
    return lambda host="": make_service(settings_of(tmp_path, redis_server.url, host=host))


def setup_from(service: Service, client: str, host: str = "localhost:9090") -> int:
    where: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": client}, "base_url": f"http://{host}"}
    return service.client.post("/setup", json={"project": "7.1"}, **where).status_code


@pytest.mark.fault("S8")
@pytest.mark.parametrize("client", ["192.168.1.7", "10.0.0.1", "2001:db8::1", "::ffff:192.168.1.7"])
def test_without_credentials_no_other_machine_gets_in(unguarded: Callable[..., Service], client: str) -> None:
    assert setup_from(unguarded(), client) == 403


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_without_credentials_this_machine_gets_in(unguarded: Callable[..., Service], client: str) -> None:
    assert setup_from(unguarded(), client) == 200


@pytest.mark.fault("S8")
def test_a_page_that_has_its_own_name_resolve_to_this_machine_does_not_get_in(
    unguarded: Callable[..., Service],
) -> None:
    service = unguarded()
    assert setup_from(service, "127.0.0.1", "evil.example.com:9090") == 403
    assert setup_from(service, "127.0.0.1", "host.docker.internal:9090") == 200


@pytest.mark.fault("S8")
def test_who_asks_for_another_address_without_credentials_is_told_in_health(unguarded: Callable[..., Service]) -> None:
    service = unguarded("0.0.0.0")
    assert "BASIC_AUTH_USER" in service.client.get("/health").get_json()["problems"][0]
    assert setup_from(service, "192.168.1.7") == 200


@pytest.mark.fault("S8")
def test_the_start_says_that_nobody_else_may_call(
    unguarded: Callable[..., Service], capsys: pytest.CaptureFixture[str]
) -> None:
    assert unguarded().app
    (line,) = [each for each in capsys.readouterr().err.splitlines() if "credentials" in each]
    assert "BASIC_AUTH_USER" in line


@pytest.mark.fault("S8")
def test_guessing_is_slowed_and_a_right_password_from_elsewhere_is_not(
    redis_server: RunningRedis, tmp_path: Path, make_service: MakeService
) -> None:
    service = make_service(settings_of(tmp_path, redis_server.url, **BASIC))
    guesses = [service.client.get("/versions", headers=basic("user", f"guess {number}")) for number in range(15)]
    assert [each.status_code for each in guesses] == [401] * 10 + [429] * 5
    assert 0 < int(guesses[-1].headers["Retry-After"]) <= 6
    right, elsewhere = GIVEN["right password"], {"REMOTE_ADDR": "10.0.0.2"}
    assert service.client.get("/versions", headers=right).status_code == 429
    assert service.client.get("/versions", headers=right, environ_base=elsewhere).status_code == 200


def test_a_label_studio_with_an_old_password_locks_nobody_out(
    redis_server: RunningRedis, tmp_path: Path, make_service: MakeService
) -> None:
    service = make_service(settings_of(tmp_path, redis_server.url, **BASIC))
    old = {service.client.get("/versions", headers=basic("user", "old")).status_code for _ in range(50)}
    assert old == {401}
    assert service.client.get("/versions", headers=GIVEN["right password"]).status_code == 200
