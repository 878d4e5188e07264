"""Computations that are given up."""

import signal
import time

import pytest

from backend.loop.interruptible import SIGNAL, GivenUp, interruptible

LONG = 60.0


def test_a_computation_ends_soon_after_it_is_to_be_given_up() -> None:
    end = time.monotonic() + LONG
    with pytest.raises(GivenUp), interruptible(lambda: True):
        while time.monotonic() < end:
            sum(range(1000))
    assert time.monotonic() < end


def test_one_that_waits_is_woken() -> None:
    end = time.monotonic() + LONG
    with pytest.raises(GivenUp), interruptible(lambda: True):
        time.sleep(LONG)
    assert time.monotonic() < end


def test_nothing_on_the_way_takes_it_for_a_failure() -> None:
    seen: list[Exception] = []
    with pytest.raises(GivenUp), interruptible(lambda: True):
        try:
            time.sleep(LONG)
        except Exception as error:
            seen.append(error)
    assert seen == []


def test_what_is_over_is_left_alone() -> None:
    before = signal.getsignal(SIGNAL)
    with interruptible(lambda: False):
        done = sum(range(1000))
    assert (done, signal.getsignal(SIGNAL)) == (499_500, before)
