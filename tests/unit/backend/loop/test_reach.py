"""How far into the queue people may get before the next version."""

import pytest

from backend.loop.publish import LEAST_HEAD, Reach
from backend.store.records.mirror import Pace


@pytest.mark.fault("R16")
def test_who_labels_slowly_needs_a_few_tasks() -> None:
    assert Reach.of(Pace(0.0, 0), 0, most=200) == Reach(2, LEAST_HEAD)


@pytest.mark.fault("R16")
def test_the_head_grows_with_people_and_pace() -> None:
    one, four = Reach.of(Pace(1.0, 1), 1, most=200), Reach.of(Pace(4.0, 4), 4, most=200)
    assert (one.first, one.head) == (3, 12)
    assert (four.first, four.head) == (9, 45)


def test_whoever_keeps_a_task_locked_takes_a_place() -> None:
    assert Reach.of(Pace(1.0, 1), 6, most=200).head == Reach.of(Pace(1.0, 1), 1, most=200).head + 5


def test_no_more_is_published_than_is_allowed() -> None:
    assert Reach.of(Pace(50.0, 10), 10, most=5) == Reach(5, 5)
