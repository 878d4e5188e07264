"""Hints: handed on in the background, and kept while Redis is away."""

import threading
from collections.abc import Iterator

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from backend.project import Project
from backend.web.background import Background
from backend.web.hints import Hints
from tests.support.waiting import until

ONE, TWO = (Project("http://label-studio.example", number) for number in (1, 2))


class Receiver:
    """Takes hints, or refuses them as a Redis that is away does."""

    def __init__(self) -> None:
        self.away = False
        self.got: list[Project] = []
        self.refused = 0

    def __call__(self, project: Project) -> None:
        if self.away:
            self.refused += 1
            raise RedisConnectionError("away")
        self.got.append(project)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def hints(receiver: Receiver) -> Iterator[Hints]:
    """Hints that a thread delivers."""
    made, background = Hints(receiver), Background()
    background.run(made.run)
    yield made
    made.stop()


def test_a_hint_is_handed_on(hints: Hints, receiver: Receiver) -> None:
    hints.add(ONE)
    until(lambda: receiver.got == [ONE], "the hint")


def test_hints_are_kept_while_nobody_takes_them(hints: Hints, receiver: Receiver) -> None:
    receiver.away = True
    hints.add(ONE)
    until(lambda: receiver.refused, "a refusal")
    hints.add(TWO)
    hints.add(ONE)
    receiver.away = False
    until(lambda: {ONE, TWO} <= set(receiver.got), "both hints")


def test_nothing_is_handed_on_after_the_end(receiver: Receiver) -> None:
    receiver.away = True
    hints = Hints(receiver)
    thread = threading.Thread(target=hints.run, daemon=True)
    thread.start()
    hints.add(ONE)
    until(lambda: receiver.refused, "a refusal")
    hints.stop()
    receiver.away = False
    thread.join(5)
    assert not thread.is_alive()
    assert receiver.got == []
