"""Who may call: with a password or a secret configured, nothing but `/health` answers without one of them."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract.service import Service, settings_of, start
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
    "both": {"right password", "right secret"},
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
    assert refused == (set() if given in LETS_IN[configured] else set(ROUTES))


@pytest.mark.parametrize("configured", CONFIGURED)
def test_health_needs_nothing(guarded: Callable[[str], Service], configured: str) -> None:
    assert guarded(configured).client.get("/health").status_code == 200


def test_a_refusal_says_what_to_send(guarded: Callable[[str], Service]) -> None:
    answer = guarded("both").client.post("/predict")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "webhook secret" in answer.get_json()["error"]


def test_secrets_are_not_in_any_answer(guarded: Callable[[str], Service]) -> None:
    client = guarded("both").client
    answers = [client.get(path, headers=GIVEN["right secret"]).text for path in ("/health", "/versions", "/metrics")]
    assert not any(secret in answer for secret in ("pässwort", "shared secret") for answer in answers)


def test_an_address_that_is_not_there_is_answered_with_one_sentence(guarded: Callable[[str], Service]) -> None:
    answer = guarded("none").client.get("/nothing-here")
    assert (answer.status_code, list(answer.get_json())) == (404, ["error"])
