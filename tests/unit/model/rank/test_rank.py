"""Strategies, schedule and queue."""

from dataclasses import fields, replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import InputError
from model.head.fitting import fit
from model.head.head import FeatureTransform
from model.rank.margin import margin
from model.rank.pool import Pool
from model.rank.queue import Candidates, HoldoutAccount, Queue, build_queue
from model.rank.ranking import rank
from tests.unit.model.samples import clouds


def test_the_margin_is_the_gap_between_the_two_most_probable() -> None:
    np.testing.assert_allclose(margin(np.array([[0.5, 0.2, 0.3], [0.1, 0.9, 0.0], [0.5, 0.5, 0.0]])), [0.2, 0.8, 0.0])


def test_a_margin_needs_two_classes() -> None:
    with pytest.raises(InputError, match="at least 2 classes"):
        margin(np.ones((3, 1)))


def pool_of(n: int, classes: int, labelled: int = 0, seed: int = 0) -> Pool:
    features, truth = clouds(n, classes, seed=seed)
    labels = np.where(np.arange(n) < labelled, truth, -1)
    head = None
    if len(np.unique(labels[labels >= 0])) > 1:
        known = labels >= 0
        head = fit(
            features[known], labels[known], [str(each) for each in range(classes)], FeatureTransform.of(features)
        )
    return Pool(np.arange(n) * 3 + 7, features, labels, labels < 0, classes, seed, head)


def test_an_unknown_strategy_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="herding, least_confidence, margin"):
        rank(pool_of(5, 2), 3, "oracle")


def test_margin_before_there_is_a_head_falls_back_to_herding_and_says_so() -> None:
    ranking = rank(pool_of(9, 2), 3, "margin")
    assert ranking.strategy == "herding"
    assert "margin failed" in ranking.reason


def test_what_the_strategy_did_not_choose_follows_by_margin_and_scores_are_the_margins_sorted() -> None:
    pool = pool_of(60, 4, labelled=12)
    ranking = rank(pool, 10, "uncertainty_herding")
    gaps = margin(pool.probabilities)
    np.testing.assert_array_equal(np.sort(gaps[ranking.rows]), ranking.scores.astype(np.float32))
    assert (np.diff(gaps[ranking.rows[10:]]) >= 0).all()


def test_a_pool_of_two_sizes_is_refused() -> None:
    with pytest.raises(InputError, match="one for each feature"):
        Pool(np.arange(4), clouds(5, 2)[0], np.full(5, -1), np.ones(5, dtype=bool), 2, 0)


def test_herding_asks_for_every_cloud_before_a_second_of_any() -> None:
    features, truth = clouds(120, 6, spread=0.02)
    pool = Pool(np.arange(120), features, np.full(120, -1), np.ones(120, dtype=bool), 6, 0)
    assert set(truth[rank(pool, 6, "herding").rows[:6]]) == set(range(6))


def candidates_of(seed: int, n: int, share: float, tail: float = 0.1) -> Candidates:
    rng = np.random.default_rng(seed)
    positions = rng.permutation(n) / max(n, 1)
    in_holdout = positions < share
    scores = rng.choice([0.0, 0.25, 0.5, 1.0, rng.random()], n)
    return Candidates(
        task_ids=rng.permutation(10 * n)[:n],
        places=np.argsort(np.argsort(scores, kind="stable"), kind="stable"),
        scores=np.where(in_holdout, np.nan, scores),
        holdout_positions=np.where(in_holdout, positions, np.nan),
        skipped=rng.random(n) < tail,
        unreadable=rng.random(n) < tail,
    )


def taken(candidates: Candidates, rows: np.ndarray) -> Candidates:
    return Candidates(*(getattr(candidates, each.name)[rows] for each in fields(candidates)))


def permuted(candidates: Candidates, seed: int) -> Candidates:
    return taken(candidates, np.random.default_rng(seed).permutation(len(candidates.task_ids)))


def looked_up(queue: Queue, candidates: Candidates, values: np.ndarray) -> np.ndarray:
    """Values of the candidates in the queue's order."""
    by_id = np.argsort(candidates.task_ids)
    return values[by_id[np.searchsorted(candidates.task_ids, queue.task_ids, sorter=by_id)]]


pools = st.builds(candidates_of, st.integers(0, 10_000), st.integers(0, 120), st.sampled_from([0.0, 0.1, 0.3, 1.0]))
accounts = st.builds(
    HoldoutAccount, st.sampled_from([0.0, 0.1, 0.29, 0.5, 1.0]), st.integers(0, 300), st.integers(0, 60)
)


@given(pools, accounts)
def test_each_task_is_in_the_queue_once(candidates: Candidates, account: HoldoutAccount) -> None:
    queue = build_queue(candidates, account)
    np.testing.assert_array_equal(np.sort(queue.task_ids), np.sort(candidates.task_ids))


@given(pools, accounts)
def test_scores_increase_strictly_and_stay_below_the_unreadable(
    candidates: Candidates, account: HoldoutAccount
) -> None:
    queue = build_queue(candidates, account)
    readable = queue.scores[: queue.readable]
    assert (np.diff(readable) > 0).all()
    assert ((readable >= 0) & (readable < 1)).all()
    assert (queue.scores[queue.readable :] == 1.0).all()


@given(pools, accounts, st.randoms(use_true_random=False))
def test_tasks_that_come_first_do_so_in_their_order_and_the_rest_is_as_without_them(
    candidates: Candidates, account: HoldoutAccount, random: Random
) -> None:
    open_tasks = candidates.task_ids[~candidates.skipped & ~candidates.unreadable].tolist()
    first = random.sample(open_tasks, min(7, len(open_tasks)))
    queue = build_queue(candidates, account, [-1, *first, *candidates.task_ids[candidates.skipped].tolist()])
    rest = ~np.isin(candidates.task_ids, first)
    without = build_queue(taken(candidates, rest), replace(account, answered=account.answered + len(first)))
    assert queue.task_ids.tolist() == [*first, *without.task_ids.tolist()]
    assert (np.diff(queue.scores[: queue.readable]) > 0).all()


@given(pools, accounts)
def test_skipped_tasks_come_after_all_others_and_unreadable_ones_last(
    candidates: Candidates, account: HoldoutAccount
) -> None:
    queue = build_queue(candidates, account)
    group = np.where(candidates.unreadable, 2, np.where(candidates.skipped, 1, 0))
    assert (np.diff(looked_up(queue, candidates, group)) >= 0).all()


@given(pools, accounts)
def test_holdout_tasks_come_in_hash_order(candidates: Candidates, account: HoldoutAccount) -> None:
    queue = build_queue(candidates, account)
    positions = looked_up(queue, candidates, candidates.holdout_positions)[queue.from_holdout]
    assert not np.isnan(positions).any()
    assert (np.diff(positions) > 0).all()


@given(pools, accounts)
def test_the_others_come_by_score(candidates: Candidates, account: HoldoutAccount) -> None:
    queue = build_queue(candidates, account)
    wanted = looked_up(
        queue, candidates, np.where(candidates.skipped | candidates.unreadable, np.nan, candidates.scores)
    )
    assert (np.diff(wanted[~np.isnan(wanted)]) >= 0).all()


@given(pools, accounts, st.integers(0, 100))
def test_the_order_of_the_candidates_does_not_matter(
    candidates: Candidates, account: HoldoutAccount, seed: int
) -> None:
    one, other = build_queue(candidates, account), build_queue(permuted(candidates, seed), account)
    np.testing.assert_array_equal(one.task_ids, other.task_ids)
    np.testing.assert_array_equal(one.scores, other.scores)


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1, 0.29, 0.5]))
def test_whoever_follows_the_queue_answers_the_holdouts_share_at_any_time(seed: int, share: float) -> None:
    candidates = candidates_of(seed, 200, share=0.6, tail=0.0)
    queue = build_queue(candidates, HoldoutAccount(share, answered=0, holdout_answered=0))
    both_left = 80
    given_so_far = np.cumsum(queue.from_holdout)[:both_left]
    owed = share * np.arange(1, both_left + 1)
    assert (np.abs(given_so_far - np.floor(owed + 1e-6)) == 0).all()


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 7))
def test_queues_that_are_rebuilt_on_the_way_keep_the_share(seed: int, step: int) -> None:
    share, candidates = 0.1, candidates_of(seed, 150, share=0.2, tail=0.0)
    answered = holdout_answered = 0
    while answered < 100:
        queue = build_queue(candidates, HoldoutAccount(share, answered, holdout_answered))
        answered, holdout_answered = answered + step, holdout_answered + int(queue.from_holdout[:step].sum())
        assert holdout_answered == np.floor(share * answered + 1e-6)
        left = ~np.isin(candidates.task_ids, queue.task_ids[:step])
        candidates = Candidates(
            candidates.task_ids[left],
            candidates.places[left],
            candidates.scores[left],
            candidates.holdout_positions[left],
            candidates.skipped[left],
            candidates.unreadable[left],
        )


def test_a_holdout_score_lies_between_its_neighbours_even_where_they_tie() -> None:
    none = np.zeros(3, dtype=bool)
    tied = Candidates(
        np.array([1, 2, 3]), np.arange(3), np.array([0.5, 0.5, np.nan]), np.array([np.nan, np.nan, 0.0]), none, none
    )
    queue = build_queue(tied, HoldoutAccount(0.5, answered=0, holdout_answered=0))
    np.testing.assert_array_equal(queue.task_ids, [1, 3, 2])
    np.testing.assert_allclose(queue.scores, 0.5, atol=1e-8)


def test_the_score_of_a_chosen_task_is_the_strategys() -> None:
    none = np.zeros(3, dtype=bool)
    queue = build_queue(
        Candidates(np.array([1, 2, 3]), np.array([2, 0, 1]), np.array([0.7, 0.1, 0.4]), np.full(3, np.nan), none, none),
        HoldoutAccount(0.1, answered=0, holdout_answered=0),
    )
    np.testing.assert_allclose(queue.scores, [0.1, 0.4, 0.7], atol=1e-8)


def test_a_hundred_thousand_ties_at_one_stay_below_one() -> None:
    n = 100_000
    none = np.zeros(n, dtype=bool)
    queue = build_queue(
        Candidates(np.arange(n), np.arange(n), np.ones(n), np.full(n, np.nan), none, none), HoldoutAccount(0.1, 0, 0)
    )
    assert (np.diff(queue.scores) > 0).all()
    assert 0.999 < queue.scores[0] < queue.scores[-1] < 1


@pytest.mark.parametrize("score", [-0.1, 1.1, np.nan])
def test_a_score_outside_zero_and_one_is_refused(score: float) -> None:
    none = np.zeros(1, dtype=bool)
    with pytest.raises(InputError, match="strategy"):
        Candidates(np.array([1]), np.array([0]), np.array([score]), np.array([np.nan]), none, none)


def test_a_task_given_twice_is_refused() -> None:
    none = np.zeros(2, dtype=bool)
    with pytest.raises(InputError, match="twice"):
        Candidates(np.array([1, 1]), np.arange(2), np.zeros(2), np.full(2, np.nan), none, none)


@pytest.mark.parametrize("account", [(1.5, 0, 0), (-0.1, 0, 0), (0.1, -1, 0), (0.1, 0, -1)])
def test_an_impossible_account_is_refused(account: tuple[float, int, int]) -> None:
    with pytest.raises(InputError):
        HoldoutAccount(*account)
