"""Images to features: our embedder against what official example backends do, one image at a time in PyTorch."""

import time
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from model.arrays import FloatArray
from model.backbone.embedder import OnnxEmbedder
from model.errors import ImageError
from model.images.decoders import Decoders
from model.networks.export import build
from scripts.cli.progress import tracked
from scripts.lab.benchmarks.figures import Figure, Measured, median
from scripts.lab.benchmarks.images import LIMITS

SMALLEST_RATIO = 4.0


def run(files: Sequence[bytes], export: Path, rounds: int = 7) -> Measured:
    """Embed the same files both ways in turn; the ratio is the median of the rounds'.

    Args:
        files: image files, at least one.
        export: folder of the backbone's export.
        rounds: at least 1; one more of each way is made before, to warm up.
    """
    embedder, decoders = OnnxEmbedder(export), Decoders(LIMITS)
    known = embedder.backbone
    module = build(known).eval()

    def ours() -> list[FloatArray]:
        outcomes = [outcome for _, outcome in embedder.embed_bytes(enumerate(files), decoders)]
        return [outcome for outcome in outcomes if not isinstance(outcome, ImageError)]

    def theirs() -> list[FloatArray]:
        features: list[FloatArray] = []
        with torch.no_grad():
            for file in files:
                pixels = known.preprocess(Image.open(BytesIO(file)).convert("RGB"))
                features.append(module(torch.from_numpy(pixels)[None])[0].numpy())
        return features

    difference = float(np.abs(np.stack(ours()) - np.stack(theirs())).max())
    own_seconds, other_seconds = [], []
    for _ in tracked(range(rounds), "embedding", unit="round", kept=False):
        own_seconds.append(_seconds(ours))
        other_seconds.append(_seconds(theirs))
    ratios = [other / own for own, other in zip(own_seconds, other_seconds, strict=True)]
    return Measured(
        figures=[
            Figure("embedding, against PyTorch image by image", median(ratios), "times", SMALLEST_RATIO, at_least=True),
            Figure("embedding", len(files) / median(own_seconds), "images/s"),
            Figure("PyTorch image by image", len(files) / median(other_seconds), "images/s"),
        ],
        details={
            "files": len(files),
            "ratios": ratios,
            "own_seconds": own_seconds,
            "other_seconds": other_seconds,
            "largest_difference": difference,
        },
    )


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
