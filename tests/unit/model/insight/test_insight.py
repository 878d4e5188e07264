"""Honest figures: they hold the truth, or say that there are not enough labels yet."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from model.errors import InputError
from model.head.evaluation import NOT_ENOUGH, evaluate
from model.head.fitting import fit, out_of_fold
from model.head.head import FeatureTransform
from model.insight.accuracy import LEAST_CLASS_LABELS, accuracy_now
from model.insight.advice import STEPS, advise
from model.insight.inputs import LEAST_HOLDOUT_LABELS, InsightInput
from model.insight.labels_saved import LabelsSaved, labels_saved
from model.insight.learning_curve import Curve, holdout_errors
from model.insight.promotion import SIGNIFICANCE, worse_beyond_chance
from tests.unit.model.samples import clouds

CLASSES = 20
NAMES = [str(number) for number in range(CLASSES)]


def project(
    labels: int, holdout_share: float = 0.25, images: int = 320, spread: float = 0.3, seed: int = 0
) -> InsightInput:
    """A project whose labels were drawn at random, so that the true number of random labels is that of its own."""
    features, truth = clouds(images, CLASSES, spread=spread, seed=seed)
    order = np.random.default_rng(seed).permutation(images)[:labels]
    given_labels, answered_at = np.full(images, -1), np.full(images, np.nan)
    given_labels[order], answered_at[order] = truth[order], np.arange(labels)
    counted = np.zeros(images, dtype=bool)
    counted[order[:: round(1 / holdout_share)]] = True
    rows = np.flatnonzero(given_labels >= 0)
    transform = FeatureTransform.of(features)
    head = fit(features[rows], truth[rows], NAMES, transform)
    logits = out_of_fold(features[rows], truth[rows], counted[rows], transform, seed=seed)
    return InsightInput(
        features=features,
        labels=given_labels,
        answered_at=answered_at,
        counted=counted,
        predicted=np.array([int(name) for name in head.classes])[head.logits(features).argmax(axis=1)],
        right=np.unique(truth[rows])[logits.argmax(axis=1)] == truth[counted],
        transform=transform,
        seed=seed,
    )


@pytest.fixture(scope="module")
def labelled() -> InsightInput:
    return project(labels=160)


@pytest.fixture(scope="module")
def saved(labelled: InsightInput) -> LabelsSaved:
    return labels_saved(labelled)


def few_holdout_labels(evidence: InsightInput) -> InsightInput:
    """The evidence with one label less in the holdout than figures need."""
    kept = np.zeros_like(evidence.counted)
    kept[evidence.holdout[: LEAST_HOLDOUT_LABELS - 1]] = True
    return replace(evidence, counted=kept, right=evidence.right[: LEAST_HOLDOUT_LABELS - 1])


def judged(count: int) -> np.ndarray:
    """Probabilities of two classes, all right for label 0."""
    return np.tile([0.9, 0.1], (count, 1))


def test_without_an_evaluation_there_are_not_enough_labels() -> None:
    now = accuracy_now(None)
    assert (now.n, now.note, now.accuracy, now.per_class) == (0, NOT_ENOUGH, None, {})


def test_an_accuracy_needs_its_least_number_of_labels() -> None:
    labels = np.zeros(LEAST_HOLDOUT_LABELS, dtype=np.int64)
    few = accuracy_now(evaluate(judged(LEAST_HOLDOUT_LABELS - 1), labels[1:], ("a", "b")))
    enough = accuracy_now(evaluate(judged(LEAST_HOLDOUT_LABELS), labels, ("a", "b")))
    assert (few.note, few.accuracy) == (NOT_ENOUGH, None)
    assert enough.note == ""
    assert enough.accuracy is not None and enough.accuracy.value == 1.0 and enough.accuracy.low < 0.9


def test_a_class_gets_a_figure_where_enough_labels_stand_behind_it() -> None:
    labels = np.array([0] * 30 + [1] * (LEAST_CLASS_LABELS - 1))
    per_class = accuracy_now(evaluate(judged(len(labels)), labels, ("a", "b"))).per_class
    assert per_class["a"].recall is not None and per_class["a"].precision is not None
    assert per_class["b"].recall is None
    assert (per_class["a"].note, per_class["b"].note) == ("", NOT_ENOUGH)


def test_figures_turn_into_json(labelled: InsightInput, saved: LabelsSaved) -> None:
    figures = (saved, advise(labelled, 5.0), worse_beyond_chance(labelled.right, labelled.right))
    assert all(json.loads(json.dumps(asdict(figure))) for figure in figures)


def test_labels_drawn_at_random_saved_none(labelled: InsightInput, saved: LabelsSaved) -> None:
    assert saved.random_labels is not None and saved.saved is not None
    assert (saved.n, saved.labels) == (len(labelled.holdout), 160)
    assert 20 < saved.random_labels.low <= 160
    assert saved.saved.low == saved.random_labels.low - 160 <= 0


def test_beyond_the_holdout_the_number_is_open_above(saved: LabelsSaved) -> None:
    assert saved.random_labels is not None
    assert (saved.random_labels.value, saved.random_labels.high) == (None, None)
    assert saved.note == f"at least {saved.random_labels.low} random labels"


def test_a_holdout_that_reaches_as_far_bounds_the_number_from_above() -> None:
    evidence = project(labels=100, holdout_share=1.0)
    # The served head is as bad as one of few labels: the holdout's own reach its error.
    found = labels_saved(replace(evidence, right=np.arange(100) % 10 < 3))
    needed = found.random_labels
    assert needed is not None and needed.value is not None and needed.high is not None
    assert needed.low <= needed.value <= needed.high <= 100
    assert found.note == ""


def test_a_better_accuracy_would_have_taken_more_random_labels(labelled: InsightInput) -> None:
    bad, good = (replace(labelled, right=np.arange(len(labelled.holdout)) % 10 < share) for share in (3, 9))
    lower, higher = labels_saved(bad).random_labels, labels_saved(good).random_labels
    assert lower is not None and higher is not None and lower.low < higher.low


@pytest.mark.parametrize("right", [True, False])
def test_a_holdout_without_a_mistake_or_with_nothing_else_has_a_number_too(labelled: InsightInput, right: bool) -> None:
    found = labels_saved(replace(labelled, right=np.full(len(labelled.holdout), right))).random_labels
    assert found is not None and 1 <= found.low <= len(labelled.labels)


def test_a_small_holdout_says_nothing_of_labels_saved_or_gains(labelled: InsightInput) -> None:
    evidence = few_holdout_labels(labelled)
    saved, advice = labels_saved(evidence), advise(evidence, None)
    assert (saved.random_labels, saved.saved, saved.note) == (None, None, NOT_ENOUGH)
    assert [step.gain for step in advice.steps] == [None] * len(STEPS)


def test_the_same_evidence_gives_the_same_figures(labelled: InsightInput, saved: LabelsSaved) -> None:
    assert labels_saved(labelled) == saved
    assert advise(labelled, 1.0) == advise(labelled, 1.0)


def test_the_curve_falls_with_labels_and_is_read_between_its_points(labelled: InsightInput) -> None:
    curve = Curve(labelled)
    early, late = curve.error(20), curve.error(160)
    assert 0 <= late < early <= 1
    between = curve.labels_for((early + late) / 2, most=240)
    assert between is not None and 10 < between < 200


def test_a_curve_is_not_followed_beyond_what_was_asked(labelled: InsightInput) -> None:
    assert Curve(labelled).labels_for(0.0, most=30) is None


def test_the_holdouts_errors_are_those_of_heads_that_saw_four_fifths_of_it(labelled: InsightInput) -> None:
    errors = holdout_errors(labelled)
    assert errors.shape == labelled.right.shape
    assert (~labelled.right).mean() < errors.mean() < 1 - 1 / CLASSES


def test_a_gain_is_given_as_far_as_the_labels_would_double(labelled: InsightInput) -> None:
    advice = advise(labelled, seconds_per_label=36.0)
    assert [step.hours for step in advice.steps] == [1.0, 2.0, 5.0]
    assert [step.note for step in advice.steps] == ["", NOT_ENOUGH, NOT_ENOUGH]
    gain = advice.steps[0].gain
    assert gain is not None and gain.low <= gain.value <= gain.high
    assert gain.value >= 0


def test_without_a_pace_there_are_no_hours(labelled: InsightInput) -> None:
    assert [step.hours for step in advise(labelled, None).steps] == [None] * len(STEPS)


def test_a_history_of_one_class_promises_no_gain(labelled: InsightInput) -> None:
    rows = labelled.labelled
    by_class = labelled.answered_at.copy()
    by_class[rows] = np.argsort(np.argsort(labelled.labels[rows], kind="stable"))
    first = labelled.labels[rows] == 0
    alone = labelled.labels.copy()
    alone[rows] = np.where(by_class[rows] < len(rows) // 2, 0, labelled.labels[rows])
    assert first.any()
    assert advise(replace(labelled, labels=alone, answered_at=by_class), None).steps[0].gain is None


def test_versions_that_agree_are_not_worse() -> None:
    right = np.array([True, False, True])
    verdict = worse_beyond_chance(right, right)
    assert (verdict.blocked, verdict.p, verdict.lost, verdict.won) == (False, 1.0, 0, 0)


def test_seven_lost_and_none_won_is_beyond_chance_six_is_not() -> None:
    old = np.ones(50, dtype=bool)
    for lost, blocked in ((6, False), (7, True)):
        new = np.arange(50) >= lost
        verdict = worse_beyond_chance(old, new)
        assert (verdict.blocked, verdict.lost, verdict.won, verdict.n) == (blocked, lost, 0, 50)
        assert ("not worse" in verdict.text) is not blocked


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_the_gate_is_the_exact_sign_test(answers: list[tuple[bool, bool]]) -> None:
    old, new = np.array(answers, dtype=bool).reshape(-1, 2).T
    verdict = worse_beyond_chance(old, new)
    differing = verdict.lost + verdict.won
    exact = binomtest(verdict.lost, differing, alternative="greater").pvalue if differing else 1.0
    assert verdict.p == pytest.approx(exact)
    assert verdict.blocked == (exact < SIGNIFICANCE)


def test_versions_of_different_tasks_are_not_compared() -> None:
    with pytest.raises(InputError, match="one answer for each task"):
        worse_beyond_chance(np.ones(2, dtype=bool), np.ones(3, dtype=bool))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda e: replace(e, labels=e.labels[1:]), "one for each image"),
        (lambda e: replace(e, counted=np.ones_like(e.counted)), "Only a label can count"),
        (lambda e: replace(e, answered_at=np.full(len(e.labels), np.nan)), "the time"),
        (lambda e: replace(e, right=e.right[1:]), "counted labels"),
        (lambda e: replace(e, features=e.features[:, 1:]), "another backbone"),
    ],
)
def test_evidence_that_contradicts_itself_is_refused(labelled: InsightInput, wrong: object, message: str) -> None:
    assert callable(wrong)
    with pytest.raises(InputError, match=message):
        wrong(labelled)
