"""Counters by the names that they have in Redis and in a version's record."""

from backend.queue.counters import Counters, RunOutcome, SecondStageOutcome

DONE = Counters(
    runs={RunOutcome.PUBLISHED: 2, RunOutcome.REJECTED: 1},
    second_stages={SecondStageOutcome.GIVEN_UP: 1},
    seconds={"embed": 1.5, "second stage": 0.5},
    images=3,
)


def test_counters_have_the_names_that_earlier_releases_gave_them() -> None:
    assert DONE.by_name() == {
        "runs:published": 2,
        "runs:kept_back": 1,
        "second_stages:given_up": 1,
        "seconds:embed": 1.5,
        "seconds:second stage": 0.5,
        "images": 3,
    }


def test_counters_are_read_back() -> None:
    assert Counters.read(DONE.by_name()) == DONE


def test_a_counter_of_another_release_is_left_out() -> None:
    assert Counters.read({"images": 1, "sounds": 2, "colours:red": 3}) == Counters(images=1)
