"""How many bytes of images may be in memory at once."""

import pytest

from backend.images.budget import BYTES_FREE, ByteBudget
from backend.images.outcome import FetchProblem, UnavailableError


def test_what_does_not_fit_is_not_taken() -> None:
    budget = ByteBudget(100)
    share = budget.share()
    share.take(BYTES_FREE + 60)
    with pytest.raises(UnavailableError) as refused:
        share.take(50)
    assert refused.value.problem is FetchProblem.NO_ROOM
    assert share.held == BYTES_FREE + 60
    share.take(40)


def test_what_is_given_back_can_be_taken_again() -> None:
    budget = ByteBudget(100)
    first, second = budget.share(), budget.share()
    first.take(BYTES_FREE + 100)
    first.give_back(80)
    second.take(BYTES_FREE + 80)
    first.give_back(BYTES_FREE + 20)
    second.take(20)
    assert (first.held, second.held) == (0, BYTES_FREE + 100)


@pytest.mark.fault("S1")
def test_images_of_usual_size_get_through_whatever_others_hold() -> None:
    budget = ByteBudget(100)
    budget.share().take(BYTES_FREE + 100)
    budget.share().take(BYTES_FREE)


@pytest.mark.fault("S1")
def test_who_is_left_behind_takes_nothing_after_its_call_is_over() -> None:
    budget = ByteBudget(100)
    share = budget.share()
    share.take(BYTES_FREE + 100)
    share.close()
    with pytest.raises(UnavailableError):
        share.take(1)
    share.give_back(BYTES_FREE + 100)
    assert budget.move(100)
    assert not budget.move(1)
