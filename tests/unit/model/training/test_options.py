"""Settings out of their range are refused by name; schedules and augmentation do what they are called after."""

from dataclasses import fields
from typing import get_args

import numpy as np
import pytest
import torch

from model.errors import InputError
from model.training.augment import augmentation
from model.training.freezing import groups
from model.training.options import Augmentation, Schedule, TrainingOptions
from model.training.schedules import factor
from tests.unit.model.networks.tiny import tiny

WRONG = {
    "epochs": 0,
    "head_epochs": -1,
    "unfrozen_blocks": -1,
    "batch_size": 0,
    "optimiser": "lion",
    "rate": 0.0,
    "body_rate": 1.5,
    "depth_decay": 0.0,
    "momentum": 1.0,
    "weight_decay": -1.0,
    "schedule": "linear",
    "patience": 0,
    "label_smoothing": 1.0,
    "dropout": -0.1,
    "augmentation": "heavy",
    "mixup": -1.0,
    "cutmix": -1.0,
    "resampling": "smote",
    "resolution": 0,
    "seed": -1,
}


@pytest.mark.parametrize("name", WRONG)
def test_a_setting_out_of_its_range_is_refused_by_name(name: str) -> None:
    with pytest.raises(InputError, match=f"^{name} is"):
        TrainingOptions(**{name: WRONG[name]})


def test_every_setting_has_a_range_and_a_description() -> None:
    names = {field.name for field in fields(TrainingOptions)}
    assert names - WRONG.keys() == {"freeze_batch_norm", "compile"}
    assert all(f"\n        {name}: " in (TrainingOptions.__doc__ or "") for name in names)


def test_rates_fall_with_depth() -> None:
    found = groups(tiny(), TrainingOptions(body_rate=0.5, depth_decay=0.1))
    assert [group.share for group in found] == pytest.approx([0.5, 0.5, 0.05])


@pytest.mark.parametrize("name", get_args(Schedule))
def test_a_factor_is_between_nought_and_one(name: Schedule) -> None:
    factors = [factor(name, done, [1.0] * 9) for done in np.linspace(0, 1, 50)]
    assert 0 <= min(factors) <= max(factors) <= 1


def test_cosine_falls_and_one_cycle_rises_before() -> None:
    assert [factor("cosine", done, []) for done in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])
    assert [factor("one_cycle", done, []) for done in (0, 0.3, 1)] == pytest.approx([0.04, 1, 0])


def test_a_plateau_is_more_than_two_epochs_without_a_better_loss() -> None:
    losses = [3.0, 2.0, 2.0, 2.0, 2.0, 1.0]
    assert [factor("plateau", 0, losses[:n]) for n in range(1, 7)] == pytest.approx([1, 1, 1, 1, 0.1, 0.1])


@pytest.mark.parametrize("name", get_args(Augmentation))
def test_augmented_images_are_still_pixels_and_differ_from_each_other(name: Augmentation) -> None:
    torch.manual_seed(0)
    image = torch.arange(3 * 16 * 16, dtype=torch.uint8).view(1, 3, 16, 16)
    changed = augmentation(name)(image.repeat(8, 1, 1, 1)).float()
    assert changed.shape == (8, 3, 16, 16)
    assert 0 <= changed.min() <= changed.max() <= 255
    assert (changed == changed[0]).all() == (name == "none")


def test_a_flip_mirrors_some_images_and_leaves_others() -> None:
    torch.manual_seed(0)
    image = torch.arange(16, dtype=torch.uint8).repeat(1, 3, 16, 1)
    left_edges = augmentation("flip")(image.repeat(20, 1, 1, 1))[:, 0, 0, 0]
    assert set(left_edges.tolist()) == {0, 15}
