"""The holdout."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import InputError
from model.holdout import BLOCK, counted, hash_position, hash_positions, in_holdout


def test_a_position_is_the_same_for_ever() -> None:
    assert hash_position("http://label-studio/7", 42) == pytest.approx(0.5859618010141312, abs=1e-15)


def test_positions_are_spread_evenly() -> None:
    positions = hash_positions("project", np.arange(20_000))
    counts = np.histogram(positions, bins=10, range=(0, 1))[0]
    assert abs(counts - 2000).max() < 200


def test_projects_have_holdouts_of_their_own() -> None:
    one, other = (in_holdout(hash_positions(key, np.arange(2000)), 0.5) for key in ("a", "b"))
    assert 0.4 < (one == other).mean() < 0.6


def test_a_larger_share_holds_the_smaller_holdout() -> None:
    positions = hash_positions("project", np.arange(1000))
    assert not (in_holdout(positions, 0.1) & ~in_holdout(positions, 0.3)).any()


@pytest.mark.parametrize(("share", "members"), [(0.0, 0), (1.0, 1000)])
def test_a_share_of_none_or_all_is_exact(share: float, members: int) -> None:
    assert in_holdout(hash_positions("project", np.arange(1000)), share).sum() == members


def test_a_share_above_one_is_refused() -> None:
    with pytest.raises(InputError, match="share"):
        in_holdout(np.array([0.5]), 1.1)


def test_answers_in_hash_order_count() -> None:
    positions = np.linspace(0, 0.9, 50)
    answered = np.where(np.arange(50) < 30, 100.0 + np.arange(50), np.nan)
    np.testing.assert_array_equal(counted(positions, np.zeros(50), answered), np.arange(50) < 30)


def test_an_answer_far_ahead_of_its_turn_does_not_count() -> None:
    answered = np.full(50, np.nan)
    answered[[10, 11]] = 5.0
    counts = counted(np.linspace(0, 0.9, 50), np.zeros(50), answered)
    assert (counts[10], counts[11]) == (True, True)
    answered[12] = 4.0
    assert not counted(np.linspace(0, 0.9, 50), np.zeros(50), answered)[12]


def test_tasks_that_came_later_hold_nothing_up() -> None:
    answered = np.full(50, np.nan)
    answered[49] = 5.0
    created = np.where(np.arange(50) == 49, 0.0, 9.0)
    assert counted(np.linspace(0, 0.9, 50), created, answered)[49]


def test_no_tasks_count_nothing() -> None:
    assert counted(np.empty(0), np.empty(0), np.empty(0)).shape == (0,)


def test_times_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(InputError, match="one entry for each"):
        counted(np.zeros(3), np.zeros(3), np.zeros(2))


@settings(max_examples=60, deadline=None)
@given(n=st.sampled_from([1, 7, 60, BLOCK + 50]), slack=st.integers(0, 12), seed=st.integers(0, 10_000))
def test_counting_agrees_with_the_definition(n: int, slack: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    positions = rng.permutation(n) / n
    created = rng.integers(0, 20, n).astype(float)
    answered = np.where(rng.random(n) < 0.6, created + rng.integers(0, 20, n), np.nan)
    still_open = ~(answered[None, :] <= answered[:, None])
    earlier = (positions[None, :] < positions[:, None]) & (created[None, :] <= answered[:, None])
    expected = ~np.isnan(answered) & ((earlier & still_open).sum(axis=1) <= slack)
    np.testing.assert_array_equal(counted(positions, created, answered, slack=slack), expected)
