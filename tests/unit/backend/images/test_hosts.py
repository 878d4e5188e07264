"""Hosts that are given up, by one process or by another."""

from collections import Counter
from itertools import count

import pytest

from backend.images import hosts
from backend.images.hosts import Hosts
from backend.images.outcome import UnavailableError
from tests.support.logs import logged_here


class Marked:
    """Marks that never fade."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.seconds: list[int] = []
        self.times: Counter[str] = Counter()
        self.asked = 0

    def mark(self, name: str, seconds: int) -> None:
        self.names.add(name)
        if "/" not in name:
            self.seconds.append(seconds)

    def count(self, name: str, seconds: int) -> int:
        self.times[name] += 1
        return self.times[name] - 1

    def forget(self, name: str) -> None:
        self.names.discard(name)
        del self.times[name]

    def is_marked(self, name: str) -> bool:
        self.asked += 1
        return name in self.names


ADDRESSES = count()


def fail(known: Hosts, host: str, times: int = hosts.FAILURES) -> None:
    """As many addresses of a host, none of which was asked for before."""
    for _ in range(times):
        known.failed(host, "silence", f"http://{host}/{next(ADDRESSES)}.png")


def is_given_up(known: Hosts, host: str) -> bool:
    try:
        known.check(host)
    except UnavailableError:
        return True
    return False


def test_a_few_failures_in_a_row_are_enough() -> None:
    known = Hosts()
    fail(known, "a.example", hosts.FAILURES - 1)
    assert not is_given_up(known, "a.example")
    fail(known, "a.example", 1)
    assert is_given_up(known, "a.example")
    assert not is_given_up(known, "b.example")


def test_failures_with_an_answer_in_between_are_not_in_a_row() -> None:
    known = Hosts()
    for _ in range(hosts.FAILURES):
        fail(known, "a.example", hosts.FAILURES - 1)
        known.answered("a.example")
    assert not is_given_up(known, "a.example")


@pytest.mark.fault("S1")
def test_what_one_process_finds_out_another_one_knows() -> None:
    marks = Marked()
    fail(Hosts(marks), "a.example")
    assert is_given_up(Hosts(marks), "a.example")


def test_marks_are_not_asked_for_each_image() -> None:
    marks = Marked()
    known = Hosts(marks)
    for _ in range(100):
        known.check("a.example")
    assert marks.asked == 1


@pytest.mark.fault("S1")
def test_a_host_that_is_given_up_is_told_of_once() -> None:
    known = Hosts(Marked())
    with logged_here() as lines:
        fail(known, "a.example", 100)
    assert [line["host"] for line in lines] == ["a.example"]


@pytest.mark.fault("S1")
def test_a_host_is_left_alone_for_longer_each_time_until_an_image_comes() -> None:
    marks = Marked()
    for _ in range(7):
        # Each in a process of its own, as runs are.
        fail(Hosts(marks), "a.example")
    assert marks.seconds == [10, 20, 40, 80, 160, 300, 300]
    Hosts(marks).answered("a.example")
    fail(Hosts(marks), "a.example")
    assert marks.seconds[-1] == hosts.FIRST_PAUSE


def test_addresses_that_failed_before_keep_nobody_elses_images_waiting() -> None:
    marks = Marked()
    for _ in range(2):
        again = Hosts(marks)
        for number in range(hosts.FAILURES):
            again.failed("a.example", "silence", f"http://a.example/{number}.png")
        assert is_given_up(again, "a.example")
    assert marks.seconds == [hosts.FIRST_PAUSE]


def test_an_answer_ends_the_pause() -> None:
    marks = Marked()
    known = Hosts(marks)
    fail(known, "a.example")
    known.answered("a.example")
    assert not is_given_up(known, "a.example")
    assert not is_given_up(Hosts(marks), "a.example")
