"""Threads of the web process: what happens again and again, what an outage costs, and how they end."""

import threading
from collections.abc import Iterator

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from backend.web.upkeep.background import Background
from tests.support.waiting import until

PAUSE = 0.01


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    yield made
    made.stop()


@pytest.mark.parametrize("error", [RedisConnectionError("away"), OSError(), ValueError("torn")])
def test_an_error_costs_one_time_only(background: Background, error: Exception) -> None:
    done: list[int] = []

    def work() -> None:
        done.append(len(done))
        if len(done) == 1:
            raise error

    background.repeat(work, PAUSE)
    until(lambda: len(done) > 2, "the work to go on", seconds=5)


def test_work_that_fails_is_begun_anew_until_it_returns(background: Background) -> None:
    begun: list[int] = []

    def work() -> None:
        begun.append(len(begun))
        if len(begun) < 3:
            raise ValueError("torn")

    threads = set(threading.enumerate())
    background.keep(work, PAUSE)
    for thread in set(threading.enumerate()) - threads:
        thread.join(5)
    until(lambda: len(begun) == 3, "the third beginning", seconds=5)


def test_nothing_is_repeated_after_the_end(background: Background) -> None:
    resting = threading.Event()
    threads = set(threading.enumerate())
    background.repeat(resting.set, seconds=60)
    (thread,) = set(threading.enumerate()) - threads
    assert resting.wait(5)
    background.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_no_thread_keeps_the_process_alive(background: Background) -> None:
    end = threading.Event()

    def wait() -> None:
        end.wait(5)

    threads = set(threading.enumerate())
    background.run(wait)
    background.repeat(wait, seconds=60)
    more = set(threading.enumerate()) - threads
    end.set()
    assert [thread.daemon for thread in more] == [True, True]
