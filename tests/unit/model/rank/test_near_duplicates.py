"""Near-duplicates are asked once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.arrays import IntArray
from model.rank.duplicates import near_duplicates
from model.rank.pool import Pool
from model.rank.ranking import rank
from model.rank.registry import NAMES
from tests.unit.model.rank.test_strategies import pool_of
from tests.unit.model.samples import clouds

ORIGINALS = 20
THRESHOLD = 0.98


def pool_of_copies(copies: int, labelled: int, seed: int = 0) -> tuple[Pool, IntArray]:
    """Twenty images, each of them several times, hardly changed; and which of them each image is a copy of."""
    rng = np.random.default_rng(seed)
    originals, truth = clouds(ORIGINALS, 4, spread=1.0, seed=seed)
    original = np.tile(np.arange(ORIGINALS), copies)
    features = originals[original] * (1 + 0.001 * rng.standard_normal((len(original), 1)))
    labels = np.where(np.arange(len(original)) < labelled, truth[original], -1)
    return pool_of(features, labels, 4), original


@pytest.mark.parametrize("name", NAMES)
def test_of_copies_one_is_asked_first(name: str) -> None:
    pool, original = pool_of_copies(3, labelled=0)
    rows = rank(pool, ORIGINALS, name, THRESHOLD).rows
    assert sorted(original[rows[:ORIGINALS]]) == list(range(ORIGINALS))
    assert len(rows) == 3 * ORIGINALS


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_of_a_labelled_image_comes_after_all_that_are_none(name: str) -> None:
    pool, original = pool_of_copies(2, labelled=8)
    asked = original[rank(pool, 12, name, THRESHOLD).rows]
    assert (asked[:12] >= 8).all()
    assert np.bincount(asked[12:], minlength=ORIGINALS).tolist() == [1] * ORIGINALS


def test_near_duplicates_keep_their_old_order_behind_the_rest() -> None:
    pool, _ = pool_of_copies(3, labelled=8)
    with_all, without = rank(pool, 13, "margin").rows, rank(pool, 13, "margin", THRESHOLD).rows
    last = without[12:]
    assert last.tolist() == [row for row in with_all if row in set(last)]


def test_the_scores_are_those_of_the_places() -> None:
    pool, _ = pool_of_copies(3, labelled=8)
    np.testing.assert_array_equal(rank(pool, 12, "margin", THRESHOLD).scores, rank(pool, 12, "margin").scores)


def test_a_threshold_of_one_lets_identical_images_pass() -> None:
    pool, _ = pool_of_copies(3, labelled=8)
    np.testing.assert_array_equal(rank(pool, 12, "margin", 1.0).rows, rank(pool, 12, "margin").rows)


def test_more_images_are_chosen_by_the_strategy_where_some_must_wait() -> None:
    pool, original = pool_of_copies(2, labelled=0)
    asked = original[rank(pool, 10, "coreset", THRESHOLD).rows[:10]]
    assert len(set(asked)) == 10


def test_in_a_pool_of_one_image_over_and_over_all_stay_in_the_ranking() -> None:
    features = np.tile(clouds(1, 1)[0], (30, 1))
    labels = np.where(np.arange(30) < 1, 0, -1)
    assert sorted(rank(pool_of(features, labels, 2), 5, "auto", THRESHOLD).rows) == list(range(1, 30))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    n=st.integers(0, 60),
    labelled=st.integers(0, 10),
    count=st.integers(0, 40),
    threshold=st.sampled_from([0.3, 0.6, 0.9]),
)
def test_what_is_let_pass_is_like_nothing_before_it_and_what_must_wait_is(
    seed: int, n: int, labelled: int, count: int, threshold: float
) -> None:
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((n + labelled, 3)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    asked, known = points[:n], points[n:]
    waits = near_duplicates(asked, known, count, threshold)
    passed: list[int] = []
    for place in range(n):
        if len(passed) == count:
            assert not waits[place:].any()
            return
        like = (np.concatenate([known, asked[passed]]) @ asked[place]).max(initial=-1) > threshold
        assert waits[place] == like
        if not like:
            passed.append(place)
