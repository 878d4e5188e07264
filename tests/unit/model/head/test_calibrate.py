"""Temperature scaling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import InputError
from model.head.calibrate import HIGHEST, LOWEST, MIN_HOLDOUT_LABELS, fit_temperature, temperature_from_holdout
from model.head.head import softmax


def drawn(images: int, sharpness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `sharpness` times those that the labels were drawn from."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (images, 5))
    labels = (softmax(logits).cumsum(axis=1) < rng.random((images, 1))).sum(axis=1)
    return logits * sharpness, np.minimum(labels, 4)


@pytest.mark.parametrize("sharpness", [0.25, 1.0, 4.0])
def test_the_temperature_undoes_what_made_the_logits_too_sharp(sharpness: float) -> None:
    logits, labels = drawn(20_000, sharpness)
    assert fit_temperature(logits, labels) == pytest.approx(sharpness, rel=0.05)


@settings(max_examples=50, deadline=None)
@given(images=st.integers(1, 40), sharpness=st.floats(0, 1e4), seed=st.integers(0, 1000))
def test_the_temperature_stays_within_its_bounds(images: int, sharpness: float, seed: int) -> None:
    assert LOWEST <= fit_temperature(*drawn(images, sharpness, seed)) <= HIGHEST


def test_no_labels_leave_the_logits_alone() -> None:
    assert fit_temperature(np.empty((0, 3)), np.empty(0, dtype=np.int64)) == 1.0


def test_a_small_holdout_leaves_confidences_raw() -> None:
    assert temperature_from_holdout(*drawn(MIN_HOLDOUT_LABELS - 1, 4.0)) == 1.0


def test_a_holdout_with_enough_labels_calibrates() -> None:
    logits, labels = drawn(MIN_HOLDOUT_LABELS, 4.0)
    assert temperature_from_holdout(logits, labels) == fit_temperature(logits, labels) > 1.5


def test_one_confident_error_among_few_labels_does_not_decide() -> None:
    logits = np.tile([9.0, 0.0], (20, 1))
    labels = np.array([1] + [0] * 19)
    assert 1 < fit_temperature(logits, labels) < 3.5


def test_logits_that_are_not_finite_are_refused() -> None:
    with pytest.raises(InputError, match="finite"):
        fit_temperature(np.array([[0.0, np.nan]]), np.array([0]))
