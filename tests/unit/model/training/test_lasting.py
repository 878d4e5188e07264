"""What is held back from one training is held back from all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InputError
from model.training.lasting import held_back

POSITIONS = st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=40)


@given(POSITIONS, st.data())
def test_near_duplicates_are_on_one_side(positions: list[float], data: st.DataObject) -> None:
    groups = np.array(data.draw(st.lists(st.integers(0, 5), min_size=len(positions), max_size=len(positions))))
    held = held_back(np.array(positions), groups)
    assert all(len(set(held[groups == group])) == 1 for group in groups)


@given(POSITIONS, POSITIONS, st.data())
def test_images_that_come_later_move_none_of_before(
    before: list[float], later: list[float], data: st.DataObject
) -> None:
    n = len(before) + len(later)
    groups = np.array(data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)))
    alone = held_back(np.array(before), groups[: len(before)])
    together = held_back(np.array(before + later), groups)
    np.testing.assert_array_equal(together[: len(before)], alone)


def test_the_upper_end_is_held_back() -> None:
    np.testing.assert_array_equal(
        held_back(np.array([0.0, 0.84, 0.85, 0.99]), np.arange(4)), [False, False, True, True]
    )


@pytest.mark.parametrize(("groups", "share"), [(np.arange(2), 0.15), (np.arange(3), 1.5)])
def test_what_does_not_fit_is_refused(groups: np.ndarray, share: float) -> None:
    with pytest.raises(InputError):
        held_back(np.zeros(3), groups, share)
