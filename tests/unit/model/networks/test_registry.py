"""Any network by its name."""

import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest
import torch

from model.errors import InputError, WeightsError
from model.networks.registry import build
from model.networks.scratch import cnn_name

NAMES = ["efficientnet-lite1", "resnet18", "squeezenet1_1", "cnn-small", "timm:resnet10t"]


@pytest.mark.parametrize("name", NAMES)
def test_its_head_gives_a_logit_for_each_class_of_the_features_that_its_body_makes(name: str) -> None:
    network = build(name, 5, weights="none", input_size=64)
    images = torch.zeros(2, 3, 64, 64)
    with torch.inference_mode():
        assert network.body(images).shape == (2, network.width)
        assert network(images).shape == (2, 5)


def test_alexnet_from_scratch_takes_227_pixels_and_has_two_dense_layers_of_4096() -> None:
    network = build("alexnet-scratch", 3)
    dense = [layer.out_features for layer in network.body.modules() if isinstance(layer, torch.nn.Linear)]
    assert (network.input_size, network.width, dense) == (227, 4096, [4096, 4096])
    assert not network.pretrained


def test_normalisation_is_in_units_of_pixels() -> None:
    network = build("resnet18", 2, weights="none", input_size=32)
    pixels = torch.tensor([124, 116, 104], dtype=torch.uint8)[None, :, None, None].expand(1, 3, 32, 32)
    assert network.normalise(pixels).abs().max() < 0.01


def test_the_second_head_of_inception_is_left_out() -> None:
    network = build("inception_v3", 4, weights="none", input_size=96)
    network.train()
    assert network(torch.zeros(2, 3, 96, 96)).shape == (2, 4)


def test_filters_and_kernel_sizes_of_a_small_network_are_in_its_name() -> None:
    network = build(cnn_name((4, 5, 6), (5, 3, 1)), 2)
    convolutions = [layer for layer in network.body.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == [4, 4, 5, 5, 6, 6]
    assert [layer.kernel_size[0] for layer in convolutions] == [5, 5, 3, 3, 1, 1]
    assert network.name == "cnn-small:4-5-6:5-3-1"


@pytest.mark.parametrize(
    "name", ["cnn-small:4-5:3-3-3", "cnn-small:4-5-x:3-3-3", "cnn-small:4-5-6:3-2-3", "cnn-small:"]
)
def test_a_small_network_that_can_t_be_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="cnn-small:32-64-128:3-3-3"):
        build(name, 2)


def test_a_normalisation_belongs_to_the_block_before_it() -> None:
    blocks = build("efficientnet-lite0", 2, weights="none", input_size=32).blocks
    kinds = [[type(layer).__name__ for layer in block.children()] for block in blocks]
    assert len(kinds) == 18
    assert kinds[-1] == ["Conv2dStaticSamePadding", "BatchNorm2d"]


def test_a_transformer_s_layers_are_blocks() -> None:
    assert len(build("timm:vit_tiny_patch16_224", 2, weights="none", input_size=32).blocks) == 13


def test_the_same_seed_gives_the_same_weights_and_leaves_other_randomness_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(())
    torch.manual_seed(7)
    one, other = (build("cnn-small", 2, seed=seed) for seed in (3, 3))
    assert torch.equal(one.head.weight, other.head.weight)
    assert torch.rand(()) == expected


def test_an_unknown_name_is_refused_with_names_that_exist() -> None:
    with pytest.raises(InputError, match="resnet50"):
        build("resnet-of-my-dreams", 2)


def test_a_size_that_a_network_can_t_take_is_refused() -> None:
    with pytest.raises(InputError, match=r"alexnet can't take images of 8 pixels"):
        build("alexnet", 2, weights="none", input_size=8)


@pytest.mark.parametrize("classes", [1, ("a",), ("a", "a")])
def test_a_head_needs_two_classes_each_once(classes: int | tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="two classes"):
        build("cnn-small", classes)


def no_network(*_: object, **__: object) -> None:
    raise urllib.error.URLError("no route to host")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub of PyTorch's, and no network."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "urlopen", no_network)
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


def test_a_missing_download_says_which_file_to_put_where_and_how_to_do_without(hub: Path) -> None:
    with pytest.raises(WeightsError, match="no route to host") as caught:
        build("resnet18", 2)
    assert f"put it at {hub}/resnet18-f37072fd.pth" in str(caught.value)
    assert "weights none" in str(caught.value)


def test_the_file_put_there_is_used(hub: Path) -> None:
    import torchvision  # noqa: PLC0415 - the rest needs no more than its names

    published = torchvision.models.resnet18(weights=None)
    torch.save(published.state_dict(), hub / "resnet18-f37072fd.pth")
    network = build("resnet18", 2)
    assert network.pretrained
    assert torch.equal(network.body.get_submodule("conv1").weight, published.conv1.weight)


def test_a_file_of_weights_is_loaded_without_its_head(tmp_path: Path) -> None:
    source = build("cnn-small", 3, seed=1)
    state = {name.removeprefix("body."): tensor for name, tensor in source.state_dict().items()}
    torch.save(state, tmp_path / "weights.pth")
    network = build("cnn-small", 5, weights=str(tmp_path / "weights.pth"))
    assert network.pretrained
    assert torch.equal(next(network.body.parameters()), next(source.body.parameters()))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(1)}, tmp_path / "weights.pth")
    with pytest.raises(InputError, match="not those of cnn-small"):
        build("cnn-small", 2, weights=str(tmp_path / "weights.pth"))


@pytest.mark.parametrize("content", [None, b"no weights", b""])
def test_a_file_that_holds_no_weights_is_refused(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "weights.pth").write_bytes(content)
    with pytest.raises(InputError, match=r"weights\.pth"):
        build("cnn-small", 2, weights=str(tmp_path / "weights.pth"))


def test_a_vision_transformer_s_places_are_spread_over_another_size(tmp_path: Path) -> None:
    from torchvision.models import VisionTransformer  # noqa: PLC0415 - the rest needs no more than its names

    from model.networks.of_torchvision import _fitted  # noqa: PLC0415 - the whole network has 86 million weights

    def small(side: int) -> VisionTransformer:
        return VisionTransformer(side, 8, num_layers=1, num_heads=1, hidden_dim=8, mlp_dim=8)

    body = small(48)
    body.load_state_dict(_fitted(small(32).state_dict(), body, 48))
    assert body.encoder.pos_embedding.shape == (1, 37, 8)


def test_naming_a_network_imports_no_library_of_another_family() -> None:
    program = "import sys; from model.networks.registry import build; build('cnn-small', 2); print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not {"timm", "torchvision", "lightning"} & set(ended.stdout.split())
