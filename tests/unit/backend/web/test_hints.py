"""Hints: handed on in the background, and kept while Redis is away."""

import threading

from redis.exceptions import ConnectionError as RedisConnectionError

from backend.project import Project
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


def test_a_hint_is_handed_on() -> None:
    receiver = Receiver()
    Hints(receiver).add(ONE)
    until(lambda: receiver.got == [ONE], "the hint", seconds=5)


def test_hints_are_kept_while_nobody_takes_them() -> None:
    receiver = Receiver()
    receiver.away = True
    hints = Hints(receiver)
    hints.add(ONE)
    until(lambda: receiver.refused, "a refusal", seconds=5)
    hints.add(TWO)
    hints.add(ONE)
    receiver.away = False
    until(lambda: {ONE, TWO} <= set(receiver.got), "both hints", seconds=5)


def test_waiting_hints_do_not_keep_the_process_alive() -> None:
    before = threading.enumerate()
    receiver = Receiver()
    receiver.away = True
    Hints(receiver).add(ONE)
    until(lambda: receiver.refused, "a refusal", seconds=5)
    more = [thread for thread in threading.enumerate() if not thread.daemon and thread not in before]
    receiver.away = False
    assert more == []


def test_nothing_is_handed_on_after_the_end() -> None:
    receiver = Receiver()
    receiver.away = True
    before = set(threading.enumerate())
    hints = Hints(receiver)
    (thread,) = set(threading.enumerate()) - before
    hints.add(ONE)
    until(lambda: receiver.refused, "a refusal", seconds=5)
    hints.stop()
    receiver.away = False
    thread.join(5)
    assert not thread.is_alive()
    assert receiver.got == []
