"""Certified auto-labelling: exact bounds, attempts that are paid for, sets that are likely to pass."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom

from model.autolabel.audit import AuditPlan, draw_audit, judge
from model.autolabel.bounds import at_most, enough, error_bound, errors_left, sample_size
from model.autolabel.certificate import AuditAnswer, Certificate
from model.autolabel.cut import uncertified
from model.autolabel.out_of_fold import gather
from model.autolabel.promise import ErrorPromise
from model.autolabel.proposal import check_classes, propose
from model.autolabel.reliability import OutOfFoldPredictions, error_curves
from model.errors import InputError
from model.geometry import points
from model.graph import affinity, neighbours
from model.head.fitting import fit
from model.head.head import FeatureTransform

PROMISE = ErrorPromise(max_error=0.02, confidence=0.95)


def true_confidences(images: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Confidences that come true: most of them near 1."""
    rng = np.random.default_rng(seed)
    confidences = rng.beta(3, 0.15, images)
    return confidences, rng.random(images) < confidences


def evidence(images: int, seed: int = 1) -> OutOfFoldPredictions:
    confidences, right = true_confidences(images, seed)
    return OutOfFoldPredictions(confidences, right, np.ones(images, dtype=bool))


NO_EVIDENCE = OutOfFoldPredictions(np.empty(0), np.empty(0, dtype=bool), np.empty(0, dtype=bool))


# Bounds


@pytest.mark.parametrize("allowed, n", [(0, 149), (1, 236)])
def test_two_per_cent_with_95_per_cent_confidence_takes_the_samples_known_for_it(allowed: int, n: int) -> None:
    assert sample_size(0.02, 0.95, allowed) == n
    assert error_bound(allowed, n, 0.95) <= 0.02 < error_bound(allowed, n - 1, 0.95)


@pytest.mark.parametrize("n", [1, 20, 149])
@pytest.mark.parametrize("error", [0.001, 0.02, 0.3, 0.99])
def test_the_binomial_bound_is_below_the_true_error_no_more_often_than_promised(n: int, error: float) -> None:
    missed = [k for k in range(n + 1) if error_bound(k, n, 0.9) < error]
    assert binom.pmf(missed, n, error).sum() <= 0.1 + 1e-12


@given(st.integers(0, 50), st.integers(1, 300), st.floats(0.5, 0.999))
@settings(deadline=None)
def test_the_binomial_bound_grows_with_errors_and_confidence_and_falls_with_the_sample(
    errors: int, more: int, confidence: float
) -> None:
    n = errors + more
    bound = error_bound(errors, n, confidence)
    assert errors / n < bound < 1
    assert error_bound(errors + 1, n, confidence) > bound > error_bound(errors, n + 1, confidence)
    assert error_bound(errors, n, (1 + confidence) / 2) > bound


def test_a_sample_of_none_or_of_errors_alone_bounds_nothing() -> None:
    assert error_bound(0, 0, 0.95) == error_bound(7, 7, 0.95) == 1


@pytest.mark.parametrize("size, n", [(40, 10), (40, 39), (7, 3), (30, 0)])
def test_more_errors_than_the_bound_are_left_no_more_often_than_promised_whatever_the_set(size: int, n: int) -> None:
    for wrong in range(size + 1):
        missed = [k for k in range(min(n, wrong) + 1) if wrong - k > errors_left(k, n, size, 0.9)]
        assert hypergeom.pmf(missed, size, wrong, n).sum() <= 0.1 + 1e-12


@given(st.integers(1, 100_000), st.data())
@settings(deadline=None)
def test_the_tail_is_the_hypergeometric_distributions(size: int, data: st.DataObject) -> None:
    wrong, n = data.draw(st.integers(0, size)), data.draw(st.integers(0, min(size, 400)))
    errors = data.draw(st.integers(0, n))
    tail = at_most(errors, size, np.array([wrong]), np.array([n]))
    assert tail[0] == pytest.approx(hypergeom.cdf(errors, size, wrong, n), abs=1e-7)


def test_the_rest_of_a_finite_set_takes_a_larger_sample_than_a_set_without_end() -> None:
    needed = [int(enough(np.arange(1, 400), size, 0, 0.02, 0.95)[0]) for size in (500, 5_000, 1_000_000)]
    assert needed[0] > needed[1] > needed[2] == 149


def test_what_is_enough_is_what_the_bound_accepts() -> None:
    samples = np.arange(1, 200)
    accepted = [n for n in samples if n > 1 and errors_left(1, n, 300, 0.95) <= 0.02 * (300 - n)]
    assert enough(samples, 300, 1, 0.02, 0.95).tolist() == accepted


@pytest.mark.parametrize("arguments", [(2, 1, 0.95), (-1, 5, 0.95), (0, 5, 1.0), (0, 5, 0.0)])
def test_a_bound_on_impossible_counts_is_refused(arguments: tuple[int, int, float]) -> None:
    with pytest.raises(InputError):
        error_bound(*arguments)
    with pytest.raises(InputError):
        errors_left(arguments[0], arguments[1], 10, arguments[2])


def test_a_sample_larger_than_its_set_is_refused() -> None:
    with pytest.raises(InputError, match="can't come from a set of 5"):
        errors_left(0, 6, 5, 0.95)


# The promise and its attempts


def test_no_error_at_all_can_only_be_promised_by_labelling_all_by_hand() -> None:
    with pytest.raises(InputError, match="label every image by hand"):
        ErrorPromise(max_error=0, confidence=0.95)


@pytest.mark.parametrize("max_error, confidence", [(1.0, 0.95), (-0.1, 0.95), (0.02, 1.0), (0.02, 0.0), (0.02, 95)])
def test_a_promise_outside_its_range_is_refused(max_error: float, confidence: float) -> None:
    with pytest.raises(InputError, match="must be between 0 and 1"):
        ErrorPromise(max_error, confidence)


@given(st.floats(0.01, 0.99))
@settings(deadline=None)
def test_the_risks_of_all_attempts_stay_below_what_the_promise_allows(confidence: float) -> None:
    promise = ErrorPromise(0.02, confidence)
    risks = [promise.risk(attempt) for attempt in range(1, 40)]
    assert sum(risks) < 1 - confidence
    assert risks == sorted(risks, reverse=True)


def test_attempts_are_counted_from_one() -> None:
    with pytest.raises(InputError, match="counted from 1"):
        PROMISE.risk(0)


def test_the_first_audit_takes_at_most_250_images_at_two_per_cent() -> None:
    assert PROMISE.audit_budget(1) == 250


@pytest.mark.parametrize(("size", "allowed", "attempts"), [(800, 0, 3), (2_000, 1, 6)])
def test_sets_that_break_the_promise_pass_no_more_often_than_allowed_over_all_attempts(
    size: int, allowed: int, attempts: int
) -> None:
    certified_wrongly = 0.0
    for attempt in range(1, attempts + 1):
        n = int(enough(np.arange(1, size), size, allowed, PROMISE.max_error, 1 - PROMISE.risk(attempt))[0])
        plan = AuditPlan(size, n, allowed, attempt)
        certified_wrongly += max(_passes_though_broken(size, wrong, plan) for wrong in range(size // 20))
    assert 0.03 < certified_wrongly <= 0.05


def _passes_though_broken(size: int, wrong: int, plan: AuditPlan) -> float:
    """Probability that a set with so many errors passes and leaves more than are promised."""
    rest = size - plan.sample_size
    broken = [k for k in range(plan.allowed_errors + 1) if wrong - k > PROMISE.max_error * rest]
    return float(hypergeom.pmf(broken, size, wrong, plan.sample_size).sum())


# The audit


def test_an_audit_depends_on_set_and_seed_alone() -> None:
    rows = np.arange(100)
    drawn = draw_audit(rows, 10, seed=3)
    assert drawn.tolist() == draw_audit(rows[::-1], 10, seed=3).tolist()
    assert drawn.tolist() != draw_audit(rows, 10, seed=4).tolist()
    assert drawn.tolist() == draw_audit(rows, 20, seed=3)[:10].tolist()


def test_each_image_is_audited_equally_often() -> None:
    draws = np.concatenate([draw_audit(np.arange(5, 25), 5, seed) for seed in range(4_000)])
    counts = np.bincount(draws)[5:]
    assert len(counts) == 20
    assert np.abs(counts - 1_000).max() < 4 * np.sqrt(1_000 * 0.75)


@given(st.integers(0, 30), st.integers(0, 40))
@settings(deadline=None)
def test_an_audit_takes_no_image_twice_and_none_from_outside(size: int, n: int) -> None:
    drawn = draw_audit(np.arange(size) * 3, n, 0)
    assert len(set(drawn.tolist())) == len(drawn) == min(n, size)
    assert set(drawn.tolist()) <= set((np.arange(size) * 3).tolist())


def test_a_row_given_twice_is_refused() -> None:
    with pytest.raises(InputError, match="each image of the set once"):
        draw_audit(np.array([1, 1]), 1, 0)


PLAN = AuditPlan(size=4_000, sample_size=247, allowed_errors=1, attempt=1)


def answers(right: int, wrong: int) -> np.ndarray:
    return np.arange(right + wrong) >= wrong


def test_an_audit_with_few_errors_proves_the_promise() -> None:
    verdict = judge(answers(246, 1), PLAN, PROMISE)
    assert verdict.decided and verdict.holds
    assert verdict.binomial_bound < verdict.bound <= 0.02
    assert "2.00% was promised" in verdict.message


def test_an_audit_with_too_many_errors_says_by_how_much_it_failed() -> None:
    verdict = judge(answers(240, 7), PLAN, PROMISE)
    assert verdict.decided and not verdict.holds
    assert verdict.bound > 0.04
    assert f"{verdict.bound - 0.02:.2%} more" in verdict.message and "attempt 2" in verdict.message


def test_an_audit_fails_with_the_first_error_too_many_and_holds_only_at_its_end() -> None:
    assert judge(answers(3, 2), PLAN, PROMISE).decided
    almost = judge(answers(246, 0), PLAN, PROMISE)
    assert not almost.decided and not almost.holds
    assert "1 answers are missing" in almost.message


def test_a_set_that_was_audited_whole_leaves_nothing_to_label() -> None:
    verdict = judge(answers(10, 0), AuditPlan(10, 10, 0, 1), PROMISE)
    assert verdict.rest == 0
    assert "nothing is left to label automatically" in verdict.message


def test_more_answers_than_were_asked_for_are_refused() -> None:
    with pytest.raises(InputError, match="248 answers"):
        judge(answers(248, 0), PLAN, PROMISE)


@pytest.mark.parametrize("attempt", [1, 2, 5])
@pytest.mark.parametrize("allowed", [0, 1, 3])
def test_a_plans_allowed_errors_are_those_that_its_verdict_allows(attempt: int, allowed: int) -> None:
    n = int(enough(np.arange(1, 900), 2_000, allowed, 0.02, 1 - PROMISE.risk(attempt))[0])
    plan = AuditPlan(2_000, n, allowed, attempt)
    assert judge(answers(n - allowed, allowed), plan, PROMISE).holds
    assert not judge(answers(n - allowed - 1, allowed + 1), plan, PROMISE).holds


# What to propose


def test_a_set_is_all_images_of_a_confidence_or_more() -> None:
    confidences, _ = true_confidences(3_000)
    proposal = propose(confidences, evidence(500), PROMISE)
    assert proposal.rows.tolist() == np.flatnonzero(confidences >= proposal.threshold).tolist()
    assert proposal.plan is not None and proposal.plan.size == len(proposal.rows)


def test_sets_pass_about_as_often_as_expected() -> None:
    expected, passed = [], []
    for project in range(20):
        confidences, right = true_confidences(3_000, seed=2 * project)
        proposal = propose(confidences, evidence(500, seed=2 * project + 1), PROMISE)
        assert proposal.plan is not None
        expected.append(proposal.chance)
        for seed in range(20):
            drawn = draw_audit(proposal.rows, proposal.plan.sample_size, seed)
            passed.append(judge(right[drawn], proposal.plan, PROMISE).holds)
    assert np.mean(passed) == pytest.approx(np.mean(expected), abs=0.1)


def test_no_other_set_leaves_more_to_the_model_on_average() -> None:
    confidences, _ = true_confidences(3_000)
    known = evidence(500)
    best = propose(confidences, known, PROMISE, audit_budget=500)
    assert best.plan is not None
    errors = error_curves(known, np.sort(confidences)[::-1]).cumsum(axis=1)
    for size in (1_000, 1_500, 2_000, 2_500):
        for allowed in (0, 1):
            n = int(enough(np.arange(1, 500), size, allowed, 0.02, 1 - PROMISE.risk(1))[0])
            passes = binom.cdf(allowed, n, errors[:, size - 1] / size).mean()
            assert passes * (size - n) <= best.chance * (best.plan.size - best.plan.sample_size) * 1.01


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=5, deadline=None)
def test_the_order_of_images_and_of_evidence_changes_nothing(seed: int) -> None:
    confidences, _ = true_confidences(1_500)
    known = evidence(200)
    rng = np.random.default_rng(seed)
    order, among = rng.permutation(1_500), rng.permutation(200)
    shuffled = OutOfFoldPredictions(known.confidences[among], known.right[among], known.at_random[among])
    one, other = propose(confidences, known, PROMISE), propose(confidences[order], shuffled, PROMISE)
    assert sorted(order[other.rows].tolist()) == one.rows.tolist()
    assert one.plan == other.plan


def test_an_audit_may_be_no_larger_than_its_budget_and_half_of_the_set() -> None:
    confidences, _ = true_confidences(3_000)
    proposal = propose(confidences, evidence(500), PROMISE, audit_budget=170)
    assert proposal.plan is not None and proposal.plan.sample_size <= 170
    small = propose(np.full(400, 0.999), evidence(500), PROMISE)
    assert small.plan is not None and small.plan.sample_size <= 200


def test_after_a_failure_the_next_set_is_smaller_and_its_audit_larger() -> None:
    confidences, _ = true_confidences(4_000)
    first = propose(confidences, evidence(500), PROMISE)
    second = propose(confidences, evidence(500), PROMISE, attempt=2, below=len(first.rows))
    assert first.plan is not None and second.plan is not None
    assert len(second.rows) < len(first.rows)
    assert second.plan.sample_size > first.plan.sample_size


def test_errors_among_the_surest_make_the_set_smaller_or_none() -> None:
    confidences, _ = true_confidences(4_000)
    known = evidence(500)
    mistaken = replace(known, right=known.right & (np.arange(500) % 20 > 0))
    assert len(propose(confidences, mistaken, PROMISE).rows) < len(propose(confidences, known, PROMISE).rows)


def test_an_empty_pool_is_said_to_be_empty() -> None:
    proposal = propose(np.empty(0), evidence(100), PROMISE)
    assert proposal.plan is None and not len(proposal.rows)
    assert "no unlabelled image" in proposal.note


def test_a_pool_too_small_for_its_audit_is_to_be_labelled_by_hand() -> None:
    proposal = propose(np.full(100, 0.999), evidence(100), PROMISE)
    assert proposal.plan is None
    assert "label them all by hand" in proposal.note


def test_a_budget_too_small_for_the_promise_is_said_to_be() -> None:
    proposal = propose(np.full(5_000, 0.999), evidence(100), PROMISE, audit_budget=100)
    assert proposal.plan is None
    assert "allow more audits" in proposal.note


def test_without_a_confident_image_nothing_is_proposed() -> None:
    proposal = propose(np.full(5_000, 0.6), evidence(500), PROMISE)
    assert proposal.plan is None
    assert "No image is confident enough" in proposal.note


def test_without_evidence_the_confidences_speak_and_the_chance_is_honest() -> None:
    proposal = propose(np.full(5_000, 0.9999), NO_EVIDENCE, PROMISE)
    assert proposal.plan is not None and proposal.chance < 1
    assert propose(np.full(5_000, 0.8), NO_EVIDENCE, PROMISE).plan is None


@pytest.mark.parametrize("bad", [np.array([1.1]), np.array([np.nan]), np.zeros((2, 2))])
def test_confidences_that_are_none_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        propose(bad, NO_EVIDENCE, PROMISE)
    with pytest.raises(InputError, match="between 0 and 1"):
        uncertified(bad, 0.9)


def test_an_audit_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="at least one image"):
        propose(np.full(10, 0.9), NO_EVIDENCE, PROMISE, audit_budget=0)


@pytest.mark.parametrize("seen", [0, 1])
def test_a_project_of_one_class_is_told_what_to_do(seen: int) -> None:
    with pytest.raises(InputError, match="Label images of another class first"):
        check_classes(seen)


def test_two_classes_are_enough() -> None:
    check_classes(2)


# What the evidence says


def test_expected_errors_fall_with_confidence_and_come_true() -> None:
    confidences, right = true_confidences(20_000, seed=5)
    errors = error_curves(evidence(2_000), np.sort(confidences)).mean(axis=0)
    assert (np.diff(errors) <= 1e-12).all()
    assert errors.mean() == pytest.approx((~right).mean(), rel=0.25)


def test_more_evidence_makes_expectations_surer() -> None:
    spreads = [error_curves(evidence(n), np.array([0.99])).std() for n in (0, 100, 10_000)]
    assert spreads == sorted(spreads, reverse=True)


def test_evidence_of_different_lengths_is_refused() -> None:
    with pytest.raises(InputError, match="each labelled image"):
        OutOfFoldPredictions(np.array([0.5]), np.array([True, False]), np.array([True]))


def test_evidence_never_saw_the_label_that_it_judges() -> None:
    rng = np.random.default_rng(0)
    features, labels = rng.gamma(1.0, size=(120, 16)).astype(np.float16), rng.integers(0, 2, 120)
    labels[100:] = -1
    quick = fit(features[:100], labels[:100], ("a", "b"), FeatureTransform.of(features), l2=1e-5)
    edges = affinity(neighbours(points(features, 0)))
    holdout = np.arange(120) < 30
    for graph in (None, edges):
        found = gather(quick, quick, features, labels, holdout, graph)
        # Labels by chance: whoever has seen them is right nearly always.
        assert 0.3 < found.right.mean() < 0.7
        assert found.at_random.sum() == 30 and len(found.confidences) == 100


# The plain cut, and the record


def test_a_plain_cut_takes_all_above_its_threshold_and_calls_itself_uncertified() -> None:
    cut = uncertified(np.array([0.95, 0.5, 0.9]), 0.9)
    assert cut.rows.tolist() == [0, 2]
    assert cut.note.startswith("UNCERTIFIED: 2 images")


def test_a_threshold_outside_its_range_is_refused() -> None:
    with pytest.raises(InputError, match="threshold"):
        uncertified(np.array([0.5]), 1.5)


CERTIFICATE = Certificate(
    project=3,
    label_studio="http://localhost:8080",
    made_at="2026-01-01T00:00:00+00:00",
    certified=True,
    threshold=0.98,
    max_error=0.02,
    confidence=0.95,
    bound=0.0196,
    binomial_bound=0.0191,
    attempt=1,
    set_size=4_000,
    allowed_errors=1,
    answers=(
        AuditAnswer(1, "cat", "cat", (11,), "2026-01-01T00:00:00+00:00"),
        AuditAnswer(2, "cat", "dog", (12, 13), "2026-01-01T00:00:00+00:00"),
        AuditAnswer(3, "cat", None, (), ""),
    ),
    tasks=((4, "cat"), (5, "dog")),
    version="v1",
    versions={"label-loop": "0.1.0"},
    label_config="0" * 64,
    seed=7,
    message="",
)


def test_a_certificate_goes_through_json() -> None:
    assert Certificate.from_json(json.loads(json.dumps(CERTIFICATE.to_json()))) == CERTIFICATE


def test_an_answer_that_nobody_gave_counts_as_an_error() -> None:
    assert CERTIFICATE.errors == CERTIFICATE.to_json()["errors"] == 2


@pytest.mark.parametrize("record", [{}, {"format": 1}, {**CERTIFICATE.to_json(), "answers": [{"task": 1}]}])
def test_what_is_no_certificate_is_refused(record: dict[str, object]) -> None:
    with pytest.raises(InputError, match="certificate"):
        Certificate.from_json(record)
