"""A network applied to all images, with a progress bar."""

import numpy as np

from model.arrays import FloatArray
from model.networks.network import Network
from model.training.predict import logits
from scripts.cli.progress import progress
from scripts.lab.comparison.images import Pixels

SLICE = 256


def predict(network: Network, images: Pixels, what: str) -> FloatArray:
    """Logits of all images: float32 (n, k), n >= 1.

    Args:
        network: left in evaluation mode.
        images: uint8 (n, 3, s, s).
        what: for the progress bar.
    """
    parts = []
    with progress(what, len(images), "image", kept=False) as bar:
        for start in range(0, len(images), SLICE):
            parts.append(logits(network, images[start : start + SLICE]))
            bar.advance(len(parts[-1]))
    return np.concatenate(parts)
