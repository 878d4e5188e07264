"""Export, and the two embedders: the same features, in order, whatever files are among them."""

import io
import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from model.backbone.backbone import Backbone, backbone
from model.backbone.embedder import OnnxEmbedder
from model.errors import ExportError, ImageError, InputError, ModelError
from model.images.decode import decode_square
from model.images.decoders import Decoders
from model.images.limits import ImageLimits
from model.networks import export as exporting
from model.networks.export import export, main
from model.networks.torch_embedder import TorchEmbedder

LITE0 = backbone("efficientnet-lite0")
Picture = Callable[..., Image.Image]


@pytest.fixture(scope="module")
def embedder(exported: Path) -> OnnxEmbedder:
    return OnnxEmbedder(exported)


@pytest.fixture(scope="module")
def files(picture: Picture) -> list[bytes]:
    return [png(picture(seed)) for seed in range(7)]


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    with Decoders(ImageLimits()) as made:
        yield made


def square(data: bytes) -> Image.Image:
    return decode_square(data, ImageLimits(), LITE0.input_size)[0]


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_an_export_is_one_model_file_and_one_sheet(exported: Path) -> None:
    assert sorted(path.name for path in exported.iterdir()) == ["backbone.json", "model.onnx"]
    assert [path for path in exported.parent.iterdir() if path.is_dir()] == [exported]
    onnx.checker.check_model(exported / "model.onnx")


def test_the_sheet_says_what_was_exported_and_how_near_it_came(exported: Path) -> None:
    sheet = json.loads((exported / "backbone.json").read_text())
    assert sheet["version"] == LITE0.version
    assert sheet["torch_version"] == torch.__version__
    assert 0 <= sheet["largest_difference"] <= 1e-3


def test_an_export_that_differs_from_the_network_leaves_nothing_behind(
    tmp_path: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_an_older_one(module: torch.nn.Module, _backbone: Backbone, path: Path) -> None:
        shutil.copy(exported / "model.onnx", path)
        with torch.no_grad():
            module.network._bn1.bias += 0.01

    monkeypatch.setattr(exporting, "_write_onnx", write_an_older_one)
    with pytest.raises(ExportError, match=r"differs from PyTorch by up to 0\.0"):
        export(LITE0, tmp_path / "backbone")
    assert list(tmp_path.iterdir()) == []


def test_features_that_can_not_be_stored_are_refused(tmp_path: Path) -> None:
    large = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, 4))
    torch.nn.init.constant_(large[2].bias, 1e5)
    with pytest.raises(ExportError, match=r"features of up to 1e\+05"):
        export(Backbone("large", "large-1", 8, (0.0,) * 3, (1.0,) * 3, 4), tmp_path / "backbone", large.eval())
    assert list(tmp_path.iterdir()) == []


def test_weights_other_than_the_version_names_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "weights_digest", lambda _name: "0" * 64)
    with pytest.raises(ExportError, match="not those of efficientnet-lite0"):
        export(LITE0, tmp_path / "backbone")
    assert list(tmp_path.iterdir()) == []


def test_exporting_again_keeps_what_is_there(exported: Path) -> None:
    before = (exported / "model.onnx").stat()
    export(LITE0, exported)
    assert (exported / "model.onnx").stat() == before


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ExportError, match="something other"):
        export(LITE0, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_the_command_names_the_backbones_when_asked_for_an_unknown_one(tmp_path: Path, capsys) -> None:
    assert main(["no-such-net", str(tmp_path / "x")]) == 1
    assert "efficientnet-lite0" in capsys.readouterr().err


def test_the_command_is_content_with_an_export_that_is_there(exported: Path) -> None:
    assert main(["efficientnet-lite0", str(exported)]) == 0


def test_a_missing_export_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"python -m model\.networks\.export"):
        OnnxEmbedder(tmp_path)


def test_a_broken_sheet_is_a_model_error(tmp_path: Path) -> None:
    (tmp_path / "backbone.json").write_text('{"name": "x"}')
    with pytest.raises(ModelError, match="broken"):
        OnnxEmbedder(tmp_path)


def test_a_broken_model_file_is_a_model_error(tmp_path: Path, exported: Path) -> None:
    shutil.copy(exported / "backbone.json", tmp_path)
    (tmp_path / "model.onnx").write_bytes((exported / "model.onnx").read_bytes()[:1000])
    with pytest.raises(ModelError, match="can't be loaded"):
        OnnxEmbedder(tmp_path)


def test_a_negative_number_of_threads_is_refused(exported: Path) -> None:
    with pytest.raises(InputError, match="threads"):
        OnnxEmbedder(exported, threads=-1)


def test_the_embedder_knows_its_backbone(embedder: OnnxEmbedder) -> None:
    assert embedder.backbone == LITE0


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 17])
def test_any_number_of_images_gives_a_row_each(embedder: OnnxEmbedder, picture: Picture, n: int) -> None:
    features = embedder.embed([picture(seed) for seed in range(n)])
    assert (features.shape, features.dtype) == ((n, 1280), np.float32)
    assert np.isfinite(features).all()


def test_a_feature_does_not_depend_on_its_neighbours(embedder: OnnxEmbedder, picture: Picture) -> None:
    together = embedder.embed([picture(seed) for seed in range(6)])
    alone = np.concatenate([embedder.embed([picture(seed)]) for seed in range(6)])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_onnx_and_torch_embed_alike(
    embedder: OnnxEmbedder, picture: Picture, files: list[bytes], decoders: Decoders
) -> None:
    other = TorchEmbedder(LITE0, "cpu")
    images = [picture(seed) for seed in range(5)]
    assert other.backbone == embedder.backbone
    np.testing.assert_allclose(other.embed(images), embedder.embed(images), atol=1e-3)
    torch_results = list(other.embed_bytes(enumerate(files[:3]), decoders, batch_size=2))
    onnx_results = list(embedder.embed_bytes(enumerate(files[:3]), decoders, batch_size=2))
    for (torch_key, torch_feature), (onnx_key, onnx_feature) in zip(torch_results, onnx_results, strict=True):
        assert torch_key == onnx_key
        np.testing.assert_allclose(torch_feature, onnx_feature, atol=1e-3)


def test_torch_refuses_a_device_that_is_not_there() -> None:
    with pytest.raises(InputError, match="cuda:99"):
        TorchEmbedder(LITE0, "cuda:99")


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 16])
def test_files_come_back_in_order_as_embedded_one_by_one(
    embedder: OnnxEmbedder, files: list[bytes], batch_size: int, decoders: Decoders
) -> None:
    results = list(embedder.embed_bytes(enumerate(files), decoders, batch_size))
    assert [key for key, _ in results] == list(range(len(files)))
    expected = embedder.embed([square(data) for data in files])
    np.testing.assert_allclose(np.stack([feature for _, feature in results]), expected, atol=1e-4)


def test_a_bad_image_does_not_stop_the_others(embedder: OnnxEmbedder, files: list[bytes], decoders: Decoders) -> None:
    mixed = [b"rubbish", files[0], files[1][:50], files[2], b"", bytes(10)]
    results = list(embedder.embed_bytes(zip("abcdef", mixed, strict=True), decoders, batch_size=2))
    assert [key for key, _ in results] == list("abcdef")
    assert [isinstance(result, ImageError) for _, result in results] == [True, False, True, False, True, True]
    expected = embedder.embed([square(data) for data in (files[0], files[2])])
    np.testing.assert_allclose(np.stack([results[1][1], results[3][1]]), expected, atol=1e-4)


def test_limits_hold_for_each_file(embedder: OnnxEmbedder, files: list[bytes]) -> None:
    ((_, result),) = embedder.embed_bytes([("a", files[0])], Decoders(ImageLimits(max_pixels=100)))
    assert isinstance(result, ImageError)


def test_no_files_give_no_features(embedder: OnnxEmbedder, decoders: Decoders) -> None:
    assert list(embedder.embed_bytes([], decoders)) == []


def test_a_batch_size_below_one_is_refused_at_once(embedder: OnnxEmbedder, decoders: Decoders) -> None:
    with pytest.raises(InputError, match="batch size"):
        embedder.embed_bytes([], decoders, batch_size=0)


def test_an_endless_source_is_read_two_batches_ahead_at_most(
    embedder: OnnxEmbedder, files: list[bytes], decoders: Decoders
) -> None:
    read = itertools.count()

    def endless() -> Iterator[tuple[int, bytes]]:
        for data in itertools.cycle(files):
            yield next(read), data

    results = embedder.embed_bytes(endless(), decoders, batch_size=2)
    keys = [key for key, _ in itertools.islice(results, 5)]
    results.close()
    assert keys == [0, 1, 2, 3, 4]
    assert next(read) <= 5 + 2 * 2 + 1


def test_a_source_that_fails_raises_its_own_error(
    embedder: OnnxEmbedder, files: list[bytes], decoders: Decoders
) -> None:
    def failing() -> Iterator[tuple[int, bytes]]:
        yield 0, files[0]
        raise ConnectionError("the network went away")

    with pytest.raises(ConnectionError, match="went away"):
        list(embedder.embed_bytes(failing(), decoders))


def test_a_large_jpeg_decoded_at_a_fraction_embeds_as_the_whole(
    embedder: OnnxEmbedder, picture: Picture, decoders: Decoders
) -> None:
    pixels = np.asarray(picture(3, size=(2400, 1800))).astype(np.int16)
    pixels += np.random.default_rng(0).integers(-20, 20, pixels.shape, dtype=np.int16)
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    whole = embedder.embed([square(buffer.getvalue())])[0]
    ((_, fraction),) = embedder.embed_bytes([(0, buffer.getvalue())], decoders)
    assert whole @ fraction / np.linalg.norm(whole) / np.linalg.norm(fraction) > 0.999
    different = embedder.embed([picture(4, size=(2400, 1800))])[0]
    assert np.linalg.norm(whole - fraction) < 0.1 * np.linalg.norm(whole - different)


def test_another_backbone_is_never_taken_for_the_one_exported(exported: Path) -> None:
    with pytest.raises(ExportError, match="something other"):
        export(replace(LITE0, version="efficientnet-lite0-other"), exported)


def test_a_process_that_serves_is_small_and_ready_soon(exported: Path) -> None:
    program = """
import sys, time
start = time.perf_counter()
from pathlib import Path
from PIL import Image
from model.backbone.embedder import OnnxEmbedder
OnnxEmbedder(Path(sys.argv[1])).embed([Image.new("RGB", (300, 200))])
seconds = time.perf_counter() - start
# Not getrusage: its peak includes the parent's, from before this program was loaded.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
megabytes = int(status["VmHWM"].split()[0]) / 1024
sys.exit(f"{seconds:.2f} s, {megabytes:.0f} MB" if seconds > 3 or megabytes > 250 else 0)
"""
    command = [sys.executable, "-c", program, str(exported)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
