"""Failing runs: how often, since when, why, and when to try again."""

import pytest
from redis import Redis

from backend.project import Project
from backend.queue.failures import LONGEST_PAUSE, FailureLog, pause
from backend.queue.keys import Keys

URL = "http://one.example"
ONE, TWO = Project(URL, 1), Project(URL, 2)


@pytest.fixture
def failing(redis_url: str) -> FailureLog:
    return FailureLog(Redis.from_url(redis_url), Keys(URL))


@pytest.mark.fault("S6")
def test_runs_that_fail_in_a_row_are_counted_with_their_first_time_and_last_reason(failing: FailureLog) -> None:
    first = failing.note(ONE, "The disk is full.")
    second = failing.note(ONE, "KeyError:\n  'head'")
    assert (first.times, second.times, second.since, second.reason) == (1, 2, first.since, "KeyError: 'head'")
    assert failing.all() == {1: second}
    assert failing.of(TWO) is None


def test_a_run_that_goes_through_ends_the_counting(failing: FailureLog) -> None:
    failing.note(ONE, "reason")
    failing.clear(ONE)
    assert failing.all() == {}


def test_what_is_no_record_is_no_failure(failing: FailureLog, redis_url: str) -> None:
    failing.note(ONE, "reason")
    key = Keys(URL).of("failing")
    Redis.from_url(redis_url).hset(
        key, mapping={"1": "garbage", "2": "[]", "x": '{"times": 1, "since": "", "reason": ""}'}
    )
    assert failing.all() == {}
    assert failing.note(ONE, "anew").times == 1


@pytest.mark.fault("S6")
def test_failing_runs_are_tried_at_growing_intervals() -> None:
    pauses = [pause(times) for times in range(1, 50)]
    assert pauses[:4] == [5, 10, 20, 40]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
