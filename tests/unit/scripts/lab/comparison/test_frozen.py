"""A frozen network with the loop's head."""

from pathlib import Path

import numpy as np
import pytest

from model.networks.registry import build
from scripts.lab.comparison import frozen
from scripts.lab.comparison.images import LabelledImages
from scripts.lab.comparison.outcome import PlannedModel
from tests.unit.model.samples import clouds
from tests.unit.scripts.lab.comparison.compared import CLASSES, split_of

SIDE = 32


def test_the_regularisation_is_the_one_that_validation_likes_best(monkeypatch: pytest.MonkeyPatch) -> None:
    features, targets = clouds(120, 3)
    split = split_of(120)
    monkeypatch.setattr(frozen, "L2S", (1e9, 1e-3))
    assert frozen.best_head(features, targets, CLASSES, split).l2 == 1e-3


def test_test_images_have_no_part_in_the_fit() -> None:
    features, targets = clouds(120, 3)
    split = split_of(120)
    other = features.copy()
    other[split.test] += 1
    first, second = (frozen.best_head(each, targets, CLASSES, split) for each in (features, other))
    assert np.array_equal(first.weights, second.weights)
    assert np.array_equal(first.transform.mean, second.transform.mean)


def test_a_class_that_training_lacks_is_never_predicted(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 3, SIDE, SIDE), dtype=np.uint8)
    targets = np.where(np.arange(40) < 20, np.arange(40) % 2, 2)
    data = LabelledImages("noise", images, targets, CLASSES, None, "fingerprint")
    planned = PlannedModel("frozen:cnn-small", "fingerprint", "start", {})
    network = build("cnn-small", CLASSES, weights="none", input_size=SIDE)
    made = frozen.run(planned, network, data, split_of(40), tmp_path)
    assert made.logits.shape == (40, 3)
    assert (made.logits.argmax(axis=1) != 2).all()


def test_it_weighs_what_the_network_weighs_with_a_head(tmp_path: Path) -> None:
    network = build("cnn-small", CLASSES, weights="none", input_size=SIDE)
    expected = sum(parameter.numel() for parameter in network.parameters())
    images, targets = np.zeros((12, 3, SIDE, SIDE), dtype=np.uint8), np.arange(12) % 3
    images[np.arange(12), targets] = 255
    data = LabelledImages("colours", images, targets, CLASSES, None, "fingerprint")
    made = frozen.run(PlannedModel("frozen:cnn-small", "", "start", {}), network, data, split_of(12), tmp_path)
    assert (made.parameters, made.megabytes) == (expected, pytest.approx(4e-6 * expected))
    assert made.history == ()
