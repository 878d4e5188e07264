"""A network of one's own: saved, found by the path of its folder, exported."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from model.backbone.backbone import REGISTRY
from model.backbone.embedder import OnnxEmbedder
from model.errors import InputError, ModelError
from model.networks import storage
from model.networks.export import LARGEST_DIFFERENCE, export
from model.networks.frozen import freeze
from model.networks.network import Network
from model.networks.registry import build

SMALL = "cnn-small:4-4-4:3-3-3"
CLASSES = ("ant", "bee", "cat")


@pytest.fixture
def network() -> Network:
    return build(SMALL, CLASSES, input_size=16, seed=5)


@pytest.fixture
def folder(network: Network, tmp_path: Path) -> Path:
    storage.save(network, tmp_path / "mine", {"epochs": 3})
    return tmp_path / "mine"


def test_a_saved_network_answers_as_before(network: Network, folder: Path) -> None:
    images = torch.rand(2, 3, 16, 16)
    again = build(str(folder), 3)
    assert (again.name, again.classes, again.input_size, again.pretrained) == (SMALL, CLASSES, 16, True)
    with torch.inference_mode():
        assert torch.equal(again(images), network(images))
    assert storage.read_record(folder) == {"epochs": 3}


def test_it_is_kept_as_tensors_and_text(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["network.json", "network.safetensors"]


def test_other_classes_are_carried_over_by_name(network: Network, folder: Path) -> None:
    again = build(str(folder), ("cat", "dog"))
    torch.testing.assert_close(again.head.weight[0], network.head.weight[2])


def test_another_number_of_classes_needs_their_names(folder: Path) -> None:
    with pytest.raises(InputError, match="Give the names"):
        build(str(folder), 4)


def test_a_folder_that_holds_something_is_left_alone(network: Network, folder: Path) -> None:
    before = (folder / "network.json").read_bytes()
    with pytest.raises(ModelError, match="Choose a new folder"):
        storage.save(network, folder, {})
    assert (folder / "network.json").read_bytes() == before
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("name", ["network.json", "network.safetensors"])
def test_a_broken_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"{")
    with pytest.raises(ModelError, match=name):
        build(str(folder), 3)


def test_a_version_changes_with_the_weights(network: Network) -> None:
    other = build(SMALL, CLASSES, input_size=16, seed=6)
    assert freeze(network).version != freeze(other).version
    assert freeze(network) == freeze(build(SMALL, 2, input_size=16, seed=5))


@pytest.mark.parametrize(
    ("name", "side"),
    [
        (SMALL, 32),
        pytest.param("resnet18", 64, marks=pytest.mark.slow),
        pytest.param("timm:vit_tiny_patch16_224", 32, marks=pytest.mark.slow),
    ],
)
def test_any_network_is_exported_for_batches_of_any_size(name: str, side: int, tmp_path: Path) -> None:
    network = build(name, 2, weights="none", input_size=side)
    export(freeze(network), tmp_path / "exported", network.body)
    sheet = json.loads((tmp_path / "exported" / "backbone.json").read_text())
    assert sheet["largest_difference"] <= LARGEST_DIFFERENCE
    images = [Image.fromarray(np.full((20, 20, 3), value, dtype=np.uint8)) for value in (0, 90, 250)]
    assert OnnxEmbedder(tmp_path / "exported", threads=1).embed(images).shape == (3, network.width)


@pytest.mark.parametrize("name", REGISTRY)
def test_a_registered_backbone_is_described_as_its_network_is(name: str) -> None:
    known, network = REGISTRY[name], build(name, 2, weights="none")
    assert (known.input_size, known.mean, known.std, known.width) == (
        network.input_size,
        network.mean,
        network.std,
        network.width,
    )
