"""Feature-like samples: classes as clouds, non-negative numbers, as a backbone's pooled activations are."""

import numpy as np

from model.arrays import FloatArray, IntArray


def clouds(
    images: int, classes: int, width: int = 24, spread: float = 0.3, seed: int = 0
) -> tuple[FloatArray, IntArray]:
    """Features (images, width) float16 and their labels; class i is every i-th image."""
    rng = np.random.default_rng(seed)
    centres = rng.random((classes, width))
    labels = np.arange(images) % classes
    features = np.abs(centres[labels] + spread * rng.standard_normal((images, width)))
    return features.astype(np.float16), labels
