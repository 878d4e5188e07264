"""Where simulated projects come from: images drawn as points around their classes, or real ones' features."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from model.arrays import FloatArray, IntArray
from scripts.lab.trust.errors import TrustError

LEAST_CLASSES, MOST_CLASSES = 5, 25
LEAST_IMAGES, MOST_IMAGES = 800, 2_000
ELSEWHERE = 1_500
MORE = 2_500
LEAST_WIDTH, MOST_WIDTH = 96, 160
LEAST_SHARE_ELSEWHERE = 0.5
"""Of real images, at least half stay out of the project: the truth is found on them."""


@dataclass(frozen=True, eq=False)
class WorldImages:
    """Features (n, d) float16 and the class of each, (n,) int64."""

    features: FloatArray
    labels: IntArray

    def take(self, rows: IntArray) -> "WorldImages":
        """The images of these rows."""
        return WorldImages(self.features[rows], self.labels[rows])


@dataclass(frozen=True, eq=False)
class World:
    """Images of one kind.

    Attributes:
        classes: names.
        project: what is in the project.
        elsewhere: images of the same kind that nobody labels, to measure the truth on.
        more: yet others, for the random labels that a project would have needed.
    """

    classes: tuple[str, ...]
    project: WorldImages
    elsewhere: WorldImages
    more: WorldImages


Source = Callable[[np.random.Generator], World]
"""Draws a world."""


def source(path: Path | None) -> Source:
    """Drawn images, or those of a file.

    Args:
        path: `.npz` with `X` (n, d) and `y` (n,); None for drawn ones.

    Raises:
        TrustError: the file can't be used.
    """
    if path is None:
        return drawn
    features, labels = read(path)
    return lambda rng: _of_file(features, labels, rng)


def drawn(rng: np.random.Generator) -> World:
    """Points around one to three places a class, none below zero, as a backbone's features.

    Some classes look alike, are rare, or hold images of another.
    """
    classes = int(rng.integers(LEAST_CLASSES, MOST_CLASSES + 1))
    width = int(rng.integers(LEAST_WIDTH, MOST_WIDTH + 1))
    images = int(rng.integers(LEAST_IMAGES, MOST_IMAGES + 1))
    places = rng.integers(1, 4)
    kinds = rng.gamma(0.5, 1.0, (classes // 2 + 1, width))
    likeness, nearness, mistaken = rng.uniform(0, 0.6), rng.uniform(0.2, 0.45), rng.uniform(0, 0.04)
    own = rng.gamma(0.5, 1.0, (places, classes, width))
    centres = likeness * kinds[np.arange(classes) // 2] + (1 - likeness) * own
    labels = rng.choice(classes, images + ELSEWHERE + MORE, p=rng.dirichlet(np.full(classes, 4.0)))
    shown = np.where(rng.random(len(labels)) < mistaken, rng.integers(0, classes, len(labels)), labels)
    noise = rng.gamma(0.5, 1.0, (len(labels), width))
    features = nearness * centres[rng.integers(0, places, len(labels)), shown] + (1 - nearness) * noise
    return _split(WorldImages(features.astype(np.float16), labels), classes, images, ELSEWHERE)


def _of_file(features: FloatArray, labels: IntArray, rng: np.random.Generator) -> World:
    """Some of the file's classes, some of their images, some of the numbers of a feature."""
    present = np.unique(labels)
    most = min(MOST_CLASSES, len(present))
    chosen = rng.choice(present, int(rng.integers(min(LEAST_CLASSES, most), most + 1)), replace=False)
    width = features.shape[1]
    columns = rng.choice(width, min(width, int(rng.integers(LEAST_WIDTH, MOST_WIDTH + 1))), replace=False)
    rows = rng.permutation(np.flatnonzero(np.isin(labels, chosen)))[: MOST_IMAGES + ELSEWHERE + MORE]
    images = min(int(rng.integers(LEAST_IMAGES, MOST_IMAGES + 1)), int(len(rows) * (1 - LEAST_SHARE_ELSEWHERE)))
    elsewhere = min(ELSEWHERE, (len(rows) - images) // 2)
    numbered = np.searchsorted(np.sort(chosen), labels[rows])
    return _split(WorldImages(features[np.ix_(rows, columns)], numbered), len(chosen), images, elsewhere)


def _split(images: WorldImages, classes: int, project: int, elsewhere: int) -> World:
    rows = np.arange(len(images.labels))
    return World(
        classes=tuple(f"class {number:02d}" for number in range(classes)),
        project=images.take(rows[:project]),
        elsewhere=images.take(rows[project : project + elsewhere]),
        more=images.take(rows[project + elsewhere :]),
    )


@lru_cache(maxsize=1)
def read(path: Path) -> tuple[FloatArray, IntArray]:
    """Features (n, d) and classes (n,) int64 of an `.npz` of `X` and `y`.

    Raises:
        TrustError: the file can't be used.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            features, labels = stored["X"], np.unique(stored["y"], return_inverse=True)[1]
    except (OSError, ValueError, KeyError) as problem:
        raise TrustError(f"{path} can't be used ({problem}): give an .npz with X (images, numbers) and y.") from problem
    if features.ndim != 2 or labels.shape != (len(features),) or len(np.unique(labels)) < 2:
        raise TrustError(f"{path} needs X of one row an image and y of one class an image, of two classes or more.")
    return features, labels.astype(np.int64)
