"""What a fine-tuning begins with: network and weights of the settings' backbone, unless another is requested."""

from pathlib import Path

import numpy as np
import torch

from backend.finetune import train
from backend.finetune.train import StartingPoint
from backend.finetune.training_set import TrainingSet
from model.backbone.backbone import Origin
from model.networks import storage
from model.networks.registry import ANY_CLASSES, build
from model.training.splits import TrainingSplit

NETWORK, SIDE = "cnn-small:4-4-4:3-3-3", 32


def test_it_is_the_base_with_its_weights_and_size_where_nothing_else_is_requested() -> None:
    base = Origin("resnet18", "w.pth", 64)
    assert train.origin("", base) == train.origin("resnet18", base) == base
    assert train.recipe(base, {}, 0).options.resolution == 64
    assert train.recipe(base, {"resolution": 96}, 0).options.resolution == 96


def test_another_network_comes_with_its_own_weights_and_size() -> None:
    other = train.origin("resnet50", Origin("resnet18", "w.pth", 64))
    assert other == Origin("resnet50")
    assert train.recipe(other, {}, 0).options.resolution is None


def test_a_training_begins_with_the_weights_of_the_file(tmp_path: Path) -> None:
    source = build(NETWORK, ANY_CLASSES, input_size=SIDE, seed=7)
    torch.save(source.body.state_dict(), tmp_path / "weights.pth")
    recipe = train.recipe(Origin(NETWORK, "", SIDE), {"epochs": 2, "head_epochs": 1, "rate": 1e-9}, 0)
    start = StartingPoint(recipe, str(tmp_path / "weights.pth"), None)
    trained = train.run(start, material(), tmp_path / "network", lambda *_: None, lambda: False).network
    for name, tensor in source.body.state_dict().items():
        torch.testing.assert_close(trained.body.state_dict()[name], tensor, atol=1e-4, rtol=1e-3)


def test_a_saved_network_as_base_goes_on_from_the_training_before(tmp_path: Path) -> None:
    network = build(NETWORK, ("a", "b", "c"), input_size=SIDE)
    storage.save(network, tmp_path / "before", record={})
    recipe = train.recipe(Origin(str(tmp_path / "before")), {}, 0)
    before = train.PreviousNetwork(tmp_path / "before", NETWORK, SIDE, {}, {})
    assert StartingPoint(recipe, "pretrained", before).fits
    assert StartingPoint(recipe, "pretrained", None).side == SIDE


def material() -> TrainingSet:
    """Noise of two classes."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (24, 3, SIDE, SIDE), dtype=np.uint8)
    rows = np.arange(24)
    return TrainingSet(images, rows, rows % 2, ("a", "b"), TrainingSplit(rows[:16], rows[16:], rows[:0]))
