"""Splits: shares of each class, and nothing on two sides."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.arrays import IntArray
from model.errors import InputError
from model.training.batches import Images
from model.training.checkpoint import TrainingState, copied
from model.training.duplicates import near_duplicate_groups
from model.training.module import TrainingModule
from model.training.options import Resampling, TrainingOptions
from model.training.splits import FRACTIONS, TrainingSplit, split
from tests.unit.model.networks.tiny import SIDE, tiny

ROWS = st.lists(st.integers(0, 4), max_size=80).map(lambda labels: np.array(labels, dtype=np.int64))


def sides(parts: TrainingSplit) -> list[IntArray]:
    return [parts.train, parts.validation, parts.test]


@settings(max_examples=60, deadline=None)
@given(labels=ROWS, seed=st.integers(0, 99))
def test_every_row_is_on_one_side_and_each_side_has_its_share_of_each_class(labels: IntArray, seed: int) -> None:
    parts = split(labels, seed=seed)
    assert sorted(np.concatenate(sides(parts))) == list(range(len(labels)))
    for rows, fraction in zip(sides(parts), FRACTIONS, strict=True):
        assert (np.diff(rows) > 0).all()
        counts = np.bincount(labels[rows], minlength=5)
        assert (np.abs(counts - fraction * np.bincount(labels, minlength=5)) < 1).all()


@settings(max_examples=60, deadline=None)
@given(labels=ROWS, seed=st.integers(0, 99), data=st.data())
def test_a_group_is_never_parted(labels: IntArray, seed: int, data: st.DataObject) -> None:
    groups = np.array(data.draw(st.lists(st.integers(0, 9), min_size=len(labels), max_size=len(labels))), dtype=int)
    parts = split(labels, groups=groups, seed=seed)
    assert sorted(np.concatenate(sides(parts))) == list(range(len(labels)))
    on = [set(groups[rows]) for rows in sides(parts)]
    assert not (on[0] & on[1] or on[0] & on[2] or on[1] & on[2])


def test_the_same_seed_gives_the_same_split_and_another_one_another() -> None:
    labels = np.arange(60) % 3
    assert all(np.array_equal(a, b) for a, b in zip(sides(split(labels)), sides(split(labels)), strict=True))
    assert not np.array_equal(split(labels, seed=1).test, split(labels, seed=2).test)


def test_small_classes_do_not_all_end_on_one_side() -> None:
    parts = split(np.repeat(np.arange(20), 3))
    assert min(len(parts.validation), len(parts.test)) > 5


@pytest.mark.parametrize("fractions", [(0.7, 0.2, 0.2), (1.2, -0.1, -0.1)])
def test_fractions_that_are_no_whole_are_refused(fractions: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="sum to 1"):
        split(np.zeros(9, dtype=int), fractions=fractions)


def test_groups_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match="group"):
        split(np.zeros(9, dtype=int), groups=np.zeros(8, dtype=int))


def test_what_looks_alike_is_one_group_even_through_a_third_image() -> None:
    angles = np.radians([0, 10, 20, 90, 180])
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    groups = near_duplicate_groups(points, 0.98)
    assert groups.tolist() == [0, 0, 0, 1, 2]


def test_no_images_have_no_groups() -> None:
    assert near_duplicate_groups(np.empty((0, 4), dtype=np.float32), 0.9).shape == (0,)


ORIGINALS, COPIES = 24, 4


@pytest.mark.parametrize("resampling", get_args(Resampling))
def test_no_copy_of_a_training_image_is_in_validation_or_test(resampling: Resampling) -> None:
    rng = np.random.default_rng(0)
    original = np.arange(ORIGINALS * COPIES) % ORIGINALS
    points = rng.standard_normal((ORIGINALS, 32))[original] + 0.01 * rng.standard_normal((len(original), 32))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    labels = np.where(original < 18, 0, np.where(original < 22, 1, 2))
    # The pixels of an image say which one it is a copy of.
    images = np.repeat(original.astype(np.uint8), 3 * SIDE**2).reshape(-1, 3, SIDE, SIDE)
    parts = split(labels, groups=near_duplicate_groups(points, 0.9))
    seen = seen_in_training(images, labels, parts, TrainingOptions(resampling=resampling))
    assert seen == set(original[parts.train])
    assert not seen & set(original[np.concatenate([parts.validation, parts.test])])
    assert min(len(parts.validation), len(parts.test)) > 0


def seen_in_training(images: Images, labels: IntArray, parts: TrainingSplit, options: TrainingOptions) -> set[int]:
    """The first pixel of every image that a training shows its network in the first epochs of twenty seeds."""
    network, seen = tiny(), set()
    start = TrainingState(copied(network.state_dict()), {}, {}, (), batch_size=8)
    for seed in range(20):
        module = TrainingModule(
            network, (images, labels, parts), replace(options, seed=seed), start, lambda _: None, lambda: False
        )
        for pixels, _ in module.train_dataloader():
            seen |= set(pixels[:, 0, 0, 0].tolist())
    return seen
