"""The backbone that the settings name, be it registered or not: exported by a worker, and known by its weights."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from backend import settings
from backend.backbones import export
from backend.backbones.export import export_base
from backend.errors import RetryLaterError
from backend.settings import Settings
from backend.store.backbones import BackboneStore
from model.backbone.backbone import Origin, backbone
from model.backbone.embedder import OnnxEmbedder
from model.errors import InputError
from model.networks import storage
from model.networks.frozen import freeze
from model.networks.registry import build
from model.networks.torch_embedder import TorchEmbedder

NETWORK, NAME, SIDE = "cnn-small:4-4-4:3-3-3", "cnn-small-4-4-4-3-3-3", 32


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "weights.pth", seed=0)


def write_weights(file: Path, seed: int) -> Path:
    """A state dict as its author would publish it."""
    torch.save(build(NETWORK, 2, input_size=SIDE, seed=seed).body.state_dict(), file)
    return file


@pytest.fixture
def store(tmp_path: Path, weights: Path) -> BackboneStore:
    return BackboneStore(tmp_path / "data", Origin(NETWORK, str(weights), SIDE))


@pytest.mark.parametrize("side", [None, 224])
def test_a_registered_one_is_known_before_it_is_exported(tmp_path: Path, side: int | None) -> None:
    store = BackboneStore(tmp_path, Origin("efficientnet-lite0", input_size=side))
    assert store.base == backbone("efficientnet-lite0")
    assert not store.base_is_ready()
    store.export(store.base.version).mkdir(parents=True)
    assert store.base_is_ready()
    assert store.base_is_current()


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """What an image brings, in its form."""
    folder = tmp_path / "shipped" / "efficientnet-lite0"
    folder.mkdir(parents=True)
    (folder / "backbone.json").write_text(json.dumps(asdict(backbone("efficientnet-lite0"))))
    (folder / "model.onnx").write_bytes(b"a network")
    return folder.parent


def test_one_that_came_with_the_image_is_copied(tmp_path: Path, shipped: Path) -> None:
    store = BackboneStore(tmp_path / "data", Origin("efficientnet-lite0"))
    assert store.take_shipped(shipped)
    assert store.base_is_current()
    assert (store.export(store.base.version) / "model.onnx").read_bytes() == b"a network"
    assert [path.name for path in (tmp_path / "data" / "backbones").iterdir()] == [store.base.version]
    assert store.take_shipped(shipped)


@pytest.mark.parametrize(
    "origin",
    [
        Origin("efficientnet-lite1"),
        Origin("efficientnet-lite0", input_size=192),
        Origin("efficientnet-lite0", weights="weights.pth"),
        Origin("resnet18"),
    ],
)
def test_another_than_the_shipped_one_is_left_to_the_export(tmp_path: Path, shipped: Path, origin: Origin) -> None:
    store = BackboneStore(tmp_path / "data", origin)
    assert not store.take_shipped(shipped)
    assert not store.take_shipped(None)
    assert not (tmp_path / "data").exists()


def test_a_shipped_one_of_another_release_or_a_torn_one_is_left_alone(tmp_path: Path, shipped: Path) -> None:
    store = BackboneStore(tmp_path / "data", Origin("efficientnet-lite0"))
    sheet = shipped / "efficientnet-lite0" / "backbone.json"
    for text in (sheet.read_text().replace("lite0-", "lite0-0"), "{", "[]"):
        sheet.write_text(text)
        assert not store.take_shipped(shipped)
    assert not store.base_is_ready()


def test_another_is_not_known_before_and_whoever_asks_is_told_what_to_wait_for(store: BackboneStore) -> None:
    assert not store.base_is_ready()
    with pytest.raises(RetryLaterError, match=rf"{NETWORK} is not exported yet; a worker does so"):
        _ = store.base


def test_what_is_exported_gives_the_features_of_the_weights_on_any_device(store: BackboneStore, weights: Path) -> None:
    export_base(store)
    assert store.base_is_current()
    assert (store.base.name, store.base.input_size, store.base.width) == (NAME, SIDE, 64)
    images = [Image.effect_noise((90, 70), 80).convert("RGB") for _ in range(3)]
    found = OnnxEmbedder(store.export(store.base.version)).embed(images)
    network = build(NETWORK, 2, weights=str(weights), input_size=SIDE)
    inputs = torch.from_numpy(np.stack([store.base.preprocess(image) for image in images]))
    with torch.inference_mode():
        np.testing.assert_allclose(found, network.body(inputs).numpy(), atol=1e-4)
    weights.unlink()
    on_torch = TorchEmbedder(store.base, "cpu", store.network(store.base.version)).embed(images)
    np.testing.assert_allclose(on_torch, found, atol=1e-4)


def test_other_weights_in_the_same_file_make_another_backbone(store: BackboneStore, weights: Path) -> None:
    export_base(store)
    before = store.base
    write_weights(weights, seed=1)
    assert store.base == before
    assert not store.base_is_current()
    export_base(store)
    assert store.base_is_current()
    assert store.base.version != before.version
    assert store.get(before.version) == before


def test_a_file_that_was_only_touched_makes_the_same_one(store: BackboneStore, weights: Path) -> None:
    export_base(store)
    before = store.base
    os.utime(weights, (1, 1))
    assert not store.base_is_current()
    export_base(store)
    assert store.base_is_current()
    assert store.base == before


def test_other_settings_on_the_same_disk_name_another(store: BackboneStore, tmp_path: Path, weights: Path) -> None:
    export_base(store)
    larger = BackboneStore(tmp_path / "data", Origin(NETWORK, str(weights), SIDE + 32))
    assert not larger.base_is_ready()
    assert store.base.input_size == SIDE


def test_a_network_that_was_trained_here_is_the_backbone_that_it_was_made_into(tmp_path: Path) -> None:
    network = build("cnn-small:4-4-4:3-3-3", ("a", "b", "c"), input_size=32)
    storage.save(network, tmp_path / "trained", record={})
    store = BackboneStore(tmp_path / "data", Origin(str(tmp_path / "trained")))
    export_base(store)
    assert store.base == freeze(network)
    assert store.base_is_current()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """What the worker runs before it begins, in an environment of its own."""

    def exported(**environment: str) -> int:
        for name in Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in {"MODEL_DIR": str(tmp_path / "data"), **environment}.items():
            monkeypatch.setenv(name, value)
        settings.load.cache_clear()
        try:
            return export.main()
        finally:
            settings.load.cache_clear()

    return exported


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"BACKBONE": "resnet18", "BACKBONE_WEIGHTS": "nowhere.pth"}, "no file of weights nowhere.pth"),
        ({"BACKBONE": "resnet_of_my_dreams"}, "resnet50"),
        ({"BACKBONE": "efficientnet-lite0", "BACKBONE_WEIGHTS": "{weights}"}, "not those of efficientnet-lite0"),
        ({"BACKBONE": "./nowhere"}, "./nowhere"),
    ],
)
def test_what_can_not_be_exported_ends_with_1_and_a_line_that_names_it(
    run: Callable[..., int],
    weights: Path,
    environment: dict[str, str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(**{name: value.format(weights=weights) for name, value in environment.items()}) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["efficientnet-lite9", "cnn-small", "ResNet50", "timm:", ""])
def test_what_can_be_no_pretrained_network_is_refused_at_once(name: str) -> None:
    with pytest.raises((InputError, ValueError), match="backbone"):
        Settings(backbone=name)
