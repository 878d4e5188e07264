"""Figures and their intervals."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from model.errors import InputError
from model.head.evaluation import NOT_ENOUGH, Estimate, evaluate, expected_calibration_error, wilson

CLASSES = tuple("abcdefgh")


def sample(images: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(8, 0.3), images)
    labels = np.array([rng.choice(8, p=row) for row in probabilities])
    return probabilities, labels


def test_without_labels_every_figure_is_none_and_the_note_says_so() -> None:
    evaluation = evaluate(np.empty((0, 2)), np.empty(0, dtype=np.int64), ("a", "b"))
    assert (evaluation.n, evaluation.note, evaluation.accuracy, evaluation.ece) == (0, NOT_ENOUGH, None, None)
    assert evaluation.per_class["a"].recall is None


def test_accuracy_and_top5_are_shares_of_right_answers() -> None:
    probabilities, labels = sample()
    evaluation = evaluate(probabilities, labels, CLASSES)
    ranked = np.argsort(-probabilities, axis=1)
    assert evaluation.accuracy is not None and evaluation.top5 is not None
    assert evaluation.accuracy.value == (ranked[:, 0] == labels).mean()
    assert evaluation.top5.value == (ranked[:, :5] == labels[:, None]).any(axis=1).mean()


def test_log_loss_is_scikit_learns() -> None:
    probabilities, labels = sample()
    evaluation = evaluate(probabilities, labels, CLASSES)
    assert evaluation.log_loss is not None
    expected = log_loss(labels, probabilities, labels=range(8))
    assert evaluation.log_loss.value == pytest.approx(expected, rel=1e-3)


def test_an_impossible_label_leaves_the_log_loss_finite() -> None:
    evaluation = evaluate(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([1, 0]), ("a", "b"))
    assert evaluation.log_loss is not None and np.isfinite(evaluation.log_loss.high)


def test_recall_and_precision_count_the_right_ones() -> None:
    probabilities = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0], [0.3, 0.7, 0.0]])
    per_class = evaluate(probabilities, np.array([0, 1, 1]), ("a", "b", "c")).per_class
    assert per_class["a"].precision is not None and per_class["a"].precision.value == 0.5
    assert per_class["b"].recall is not None and per_class["b"].recall.value == 0.5
    assert (per_class["c"].count, per_class["c"].recall, per_class["c"].precision) == (0, None, None)


def test_confidences_that_come_true_have_no_calibration_error() -> None:
    right = np.arange(100) < 70
    assert expected_calibration_error(np.full(100, 0.7), right) == pytest.approx(0, abs=1e-12)


def test_false_certainty_has_a_calibration_error_of_one() -> None:
    assert expected_calibration_error(np.ones(10), np.zeros(10, dtype=bool)) == 1.0


def test_wilson_gives_the_textbook_interval() -> None:
    estimate = wilson(81, 263)
    assert (estimate.low, estimate.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_proportions_interval_holds_it_and_stays_within_zero_and_one(case: tuple[int, int]) -> None:
    estimate = wilson(*case)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


@pytest.mark.parametrize("case", [(0, 0), (3, 2), (-1, 2)])
def test_a_proportion_of_nothing_is_refused(case: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="proportion"):
        wilson(*case)


def test_more_labels_narrow_every_interval() -> None:
    few, many = (evaluate(*sample(n), CLASSES) for n in (100, 10_000))

    def width(estimate: Estimate | None) -> float:
        assert estimate is not None
        return estimate.high - estimate.low

    for name in ("accuracy", "top5", "log_loss", "ece"):
        assert width(getattr(many, name)) < width(getattr(few, name))


def test_an_evaluation_goes_through_json() -> None:
    evaluation = evaluate(*sample(), CLASSES).to_json()
    assert json.loads(json.dumps(evaluation, allow_nan=False)) == evaluation


def test_one_label_has_no_spread() -> None:
    assert evaluate(np.array([[0.6, 0.4]]), np.array([0]), ("a", "b")).log_loss is None


def test_columns_that_contradict_the_classes_are_refused() -> None:
    with pytest.raises(InputError, match="2 columns"):
        evaluate(np.array([[0.6, 0.4]]), np.array([0]), ("a", "b", "c"))
