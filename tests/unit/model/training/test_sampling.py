"""What an epoch sees of classes of different sizes, and what a warm start sees of old labels."""

import numpy as np
import pytest
import torch

from model.errors import InputError
from model.training.losses import TrainingLoss
from model.training.options import Resampling, TrainingOptions
from model.training.replay import replayed
from model.training.sampling import class_weights, epoch_rows, log_priors

LABELS = np.array([0] * 12 + [1] * 6 + [2] * 3)
ROWS = np.arange(len(LABELS))


@pytest.mark.parametrize(
    ("resampling", "counts"),
    [("none", [12, 6, 3]), ("class_weights", [12, 6, 3]), ("oversample", [12, 12, 12]), ("undersample", [3, 3, 3])],
)
def test_an_epoch_sees_so_many_of_each_class(resampling: Resampling, counts: list[int]) -> None:
    rows = epoch_rows(ROWS, LABELS, resampling, np.random.default_rng(0))
    assert np.bincount(LABELS[rows]).tolist() == counts


def test_oversampling_leaves_no_row_out() -> None:
    assert set(epoch_rows(ROWS, LABELS, "oversample", np.random.default_rng(0))) == set(ROWS)


def test_class_balanced_sampling_draws_each_class_as_often_in_the_long_run() -> None:
    rng = np.random.default_rng(0)
    rows = np.concatenate([epoch_rows(ROWS, LABELS, "class_balanced", rng) for _ in range(200)])
    np.testing.assert_allclose(np.bincount(LABELS[rows]) / len(rows), 1 / 3, atol=0.02)


def test_another_epoch_undersamples_another_way() -> None:
    rng = np.random.default_rng(0)
    one, other = (set(epoch_rows(ROWS, LABELS, "undersample", rng)) for _ in range(2))
    assert one != other


def test_class_weights_make_classes_count_the_same() -> None:
    weights = class_weights(LABELS, 4)
    np.testing.assert_allclose(np.bincount(LABELS, weights=weights[LABELS]), 7, rtol=1e-6)
    assert weights[3] == 0


def test_log_priors_are_finite_even_for_a_class_without_rows() -> None:
    np.testing.assert_allclose(np.exp(log_priors(LABELS, 4)), np.array([12, 6, 3, 1]) / 22, rtol=1e-6)


def test_logit_adjustment_asks_more_of_rare_classes() -> None:
    adjusted = TrainingLoss(LABELS, 3, TrainingOptions(resampling="logit_adjustment"))
    undecided = torch.zeros(1, 3)
    losses = [adjusted(undecided, torch.tensor([label])).item() for label in range(3)]
    np.testing.assert_allclose(losses, -np.log([12 / 21, 6 / 21, 3 / 21]), rtol=1e-5)


def test_a_replay_keeps_all_that_is_new_and_balances_what_is_old() -> None:
    is_new = ROWS % 3 == 0
    rows = replayed(ROWS, LABELS, is_new, 0.5)
    assert set(ROWS[is_new]) <= set(rows)
    # Of 8, 4 and 2 old ones seven are replayed.
    assert np.bincount(LABELS[[row for row in rows if not is_new[row]]]).tolist() == [3, 2, 2]
    assert (np.diff(rows) > 0).all()


@pytest.mark.parametrize(("share", "count"), [(0, 7), (1, 21)])
def test_a_replay_of_nothing_and_of_all(share: float, count: int) -> None:
    assert len(replayed(ROWS, LABELS, ROWS % 3 == 0, share)) == count


def test_a_share_over_one_is_refused() -> None:
    with pytest.raises(InputError, match="share"):
        replayed(ROWS, LABELS, ROWS % 3 == 0, 1.5)
