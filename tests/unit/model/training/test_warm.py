"""A warm start after a class was added: the new one is learned, the old ones are not forgotten."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from model.arrays import IntArray
from model.networks.network import Network
from model.training import warm
from model.training.fit import train
from model.training.options import TrainingOptions
from model.training.predict import logits
from model.training.splits import TrainingSplit, split
from model.training.warm import WarmStart, warm_options, warm_start
from tests.unit.model.networks.tiny import SIDE, tiny

OLD, NEW = ("blue", "green", "red"), ("black", "blue", "green", "red")
OPTIONS = TrainingOptions(
    epochs=12, batch_size=8, rate=0.05, body_rate=1.0, augmentation="none", freeze_batch_norm=False
)
BLACK = NEW.index("black")
LABELS = np.arange(160) % len(NEW)
IS_NEW = LABELS == BLACK
SPLIT = split(LABELS)
IMAGES = np.random.default_rng(0).integers(0, 120, (160, 3, SIDE, SIDE), dtype=np.uint8)
COLOURED = np.flatnonzero(LABELS)
IMAGES[COLOURED, 3 - LABELS[COLOURED]] += 100


@pytest.fixture(scope="module")
def trained() -> Network:
    old = np.flatnonzero(~IS_NEW)
    parts = TrainingSplit(*(np.flatnonzero(np.isin(old, rows)) for rows in vars(SPLIT).values()))
    return train(tiny(OLD), IMAGES[old], LABELS[old] - 1, parts, OPTIONS).network


@pytest.fixture
def before(trained: Network) -> Network:
    """Trained on all classes but black."""
    return deepcopy(trained)


def started(before: Network) -> WarmStart:
    return warm_start(before, NEW, LABELS, SPLIT, IS_NEW, OPTIONS)


def accuracies(start: WarmStart) -> tuple[float, float]:
    """On the test images of the old classes, and on those of the new one, after the warm start."""
    network = train(start.network, IMAGES, LABELS, start.split, start.options).network
    right = logits(network, IMAGES[SPLIT.test]).argmax(axis=1) == LABELS[SPLIT.test]
    is_new = IS_NEW[SPLIT.test]
    return float(right[~is_new].mean()), float(right[is_new].mean())


def test_the_added_class_is_learned_and_the_others_are_not_forgotten(before: Network) -> None:
    assert min(accuracies(started(before))) > 0.9


def test_it_takes_the_replay_for_that(before: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "REPLAYED", 0.0)
    assert min(accuracies(started(before))) < 0.9


def test_and_it_takes_what_the_head_knew(before: Network) -> None:
    start = started(before)
    start.network.head.reset_parameters()
    assert min(accuracies(start)) < 0.9


def test_all_new_rows_train_and_half_of_the_old_ones_again(before: Network) -> None:
    start = started(before)
    new, *old = np.bincount(LABELS[start.split.train])
    assert new == np.count_nonzero(IS_NEW[SPLIT.train])
    assert sorted(old) == [14, 14, 14]
    assert start.split.validation is SPLIT.validation
    assert start.split.test is SPLIT.test


def test_another_seed_replays_other_rows(before: Network) -> None:
    def rows(seed: int) -> IntArray:
        return warm_start(before, NEW, LABELS, SPLIT, IS_NEW, replace(OPTIONS, seed=seed)).split.train

    assert not np.array_equal(rows(0), rows(1))


def test_a_renamed_class_brings_what_the_head_knew(before: Network) -> None:
    names = ("blue", "crimson", "green")
    start = warm_start(before, names, LABELS[:0], split(LABELS[:0]), IS_NEW[:0], OPTIONS, renamed={"red": "crimson"})
    assert torch.equal(start.network.head.weight[1], before.head.weight[2])


@pytest.mark.parametrize(
    ("epochs", "head", "fewer", "fewer_head"), [(1, 2, 2, 1), (9, 2, 3, 2), (12, 0, 4, 1), (12, 9, 4, 3)]
)
def test_a_warm_start_has_fewer_epochs_the_first_for_the_head_alone(
    epochs: int, head: int, fewer: int, fewer_head: int
) -> None:
    options = warm_options(TrainingOptions(epochs=epochs, head_epochs=head, rate=0.01))
    assert options == TrainingOptions(epochs=fewer, head_epochs=fewer_head, rate=0.01, resampling="class_weights")


def test_what_was_chosen_against_imbalance_stays_so() -> None:
    assert warm_options(TrainingOptions(resampling="oversample")).resampling == "oversample"


def test_a_network_that_began_without_pretrained_weights_keeps_its_body_at_first() -> None:
    start = started(tiny(OLD, pretrained=False))
    options = replace(start.options, epochs=1)
    assert train(start.network, IMAGES, LABELS, start.split, options).history[0].phase == "head"
