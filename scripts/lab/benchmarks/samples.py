"""Features and labels to train on: of real images, or drawn around a point per class as wide as real ones lie."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from backend.store.dataset import Dataset
from backend.store.labels import Label
from model import holdout
from model.arrays import FloatArray, IntArray
from model.backbone.embedder import OnnxEmbedder
from model.errors import ImageError
from model.images.decoders import Decoders
from scripts.cli.progress import tracked
from scripts.lab.benchmarks.images import LIMITS

WIDTH = 1280
HOLDOUT_SHARE = 0.1
# Chosen so that a head on 5,000 of them is right about as often as on Caltech-101.
CLASS_SPREAD = 0.35


def drawn(count: int, classes: int, seed: int = 0) -> tuple[FloatArray, IntArray]:
    """Features like those of the backbone (none below zero, most small) around a point per class.

    Returns:
        (count, 1280) float16 and the class of each, (count,) int64.
    """
    generator = np.random.default_rng(seed)
    centres = generator.gamma(0.5, 1.0, (classes, WIDTH)).astype(np.float32)
    labels = generator.integers(0, classes, count)
    features = np.empty((count, WIDTH), dtype=np.float16)
    for start in range(0, count, 10_000):
        block = labels[start : start + 10_000]
        noise = generator.gamma(0.5, 1.0, (len(block), WIDTH)).astype(np.float32)
        features[start : start + len(block)] = CLASS_SPREAD * centres[block] + (1 - CLASS_SPREAD) * noise
    return features, labels


def numbered(labels: Sequence[str], classes: Sequence[str]) -> IntArray:
    """Index into `classes` of each label, int64."""
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers[label] for label in labels], dtype=np.int64)


def embedded(files: Sequence[bytes], folder: Path, kept: Path) -> FloatArray:
    """Features of image files, float16 (n, 1280); taken from `kept` where an earlier run left them there.

    Args:
        files: contents of image files.
        folder: the backbone's export.
        kept: `.npy` file to keep them in.
    """
    if kept.exists():
        features: FloatArray = np.load(kept)
        if len(features) == len(files):
            return features
    embedder = OnnxEmbedder(folder)
    stream = embedder.embed_bytes(enumerate(files), Decoders(LIMITS))
    features = np.zeros((len(files), embedder.backbone.width), dtype=np.float16)
    for index, outcome in tracked(stream, "embedding", len(files), "image", kept=False):
        if not isinstance(outcome, ImageError):
            features[index] = outcome
    np.save(kept, features)
    return features


def dataset(features: FloatArray, labels: IntArray, classes: Sequence[str], labelled: int) -> Dataset:
    """A project as a run reads it, the first `labelled` of its tasks labelled, the holdout's in their order."""
    now = datetime.now(UTC)
    task_ids = np.arange(1, len(features) + 1)
    targets = np.where(np.arange(len(features)) < labelled, labels, -1)
    positions = holdout.hash_positions("benchmark", task_ids)
    in_holdout = holdout.in_holdout(positions, HOLDOUT_SHARE)
    return Dataset(
        classes=tuple(classes),
        task_ids=task_ids,
        features=features,
        targets=targets,
        skipped=np.zeros(len(features), dtype=bool),
        holdout_positions=np.where(in_holdout, positions, np.nan),
        counted=in_holdout & (targets >= 0),
        unreadable=(),
        labels={task: Label(task, classes[labels[task - 1]], (task,), now, now) for task in range(1, labelled + 1)},
    )
