"""Attempts: how many wrong passwords a client may show, and how soon the next."""

import pytest

from backend.web.http.attempts import FREE_ATTEMPTS, REMEMBERED_CLIENTS, SECONDS_PER_ATTEMPT, Attempts

CLIENT = "192.0.2.7"


class Clock:
    """Goes as far as it is told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    """Of which a client has used up all."""
    made = Attempts(clock)
    for number in range(FREE_ATTEMPTS):
        assert made.seconds_to_wait(CLIENT) == 0
        assert made.count(CLIENT, f"guess {number}")
    return made


def test_who_has_used_up_all_waits(attempts: Attempts) -> None:
    assert attempts.seconds_to_wait(CLIENT) == SECONDS_PER_ATTEMPT


def test_time_gives_another(attempts: Attempts, clock: Clock) -> None:
    clock.now += SECONDS_PER_ATTEMPT
    assert attempts.seconds_to_wait(CLIENT) == 0


def test_the_same_wrong_one_again_costs_nothing(clock: Clock) -> None:
    attempts = Attempts(clock)
    assert [attempts.count(CLIENT, "old") for _ in range(3)] == [True, False, False]
    assert attempts.seconds_to_wait(CLIENT) == 0


@pytest.mark.parametrize(
    ("used_up", "other", "waits"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
    ],
    ids=["IPv4", "one network of IPv6", "another one", "IPv4 in IPv6"],
)
def test_a_client_is_an_address_or_a_network_of_them(clock: Clock, used_up: str, other: str, waits: bool) -> None:
    attempts = Attempts(clock)
    for number in range(FREE_ATTEMPTS):
        attempts.count(used_up, f"guess {number}")
    assert bool(attempts.seconds_to_wait(other)) is waits


def test_only_so_many_clients_are_remembered(clock: Clock) -> None:
    attempts = Attempts(clock)
    for number in range(REMEMBERED_CLIENTS + 10):
        attempts.count(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "guess")
    assert len(attempts._clients) == REMEMBERED_CLIENTS
