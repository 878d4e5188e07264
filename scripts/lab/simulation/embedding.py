"""Image files to features, with the backbone that the loop uses."""

from collections.abc import Iterable

import numpy as np

from model.arrays import FloatArray, IntArray
from model.backbone.embedder import OnnxEmbedder
from model.errors import ImageError
from model.images.decoders import Decoders
from model.images.limits import ImageLimits
from scripts.cli.progress import tracked
from scripts.lab.backbones import ExportedBackbone

LIMITS = ImageLimits(max_bytes=50_000_000, max_pixels=100_000_000)


def embed(files: Iterable[tuple[int, bytes]], count: int, by: ExportedBackbone) -> tuple[FloatArray, IntArray]:
    """Features of image files.

    Args:
        files: number and content of each.
        count: how many there are, for the progress bar.
        by: the backbone.

    Returns:
        (m, width) float16, and the (m,) numbers of the files that could be read, as they came.
    """
    features, numbers = [], []
    stream = OnnxEmbedder(by.folder).embed_bytes(files, Decoders(LIMITS))
    for number, outcome in tracked(stream, "embedding", count, "image"):
        if not isinstance(outcome, ImageError):
            features.append(outcome.astype(np.float16))
            numbers.append(number)
    width = (0, by.backbone.width)
    return np.stack(features) if features else np.empty(width, np.float16), np.array(numbers, dtype=np.int64)
