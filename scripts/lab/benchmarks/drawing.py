"""Photographs that a benchmark trains networks on: some classes, as many images of each, and their split."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.arrays import IntArray
from model.training.splits import TrainingSplit, split
from scripts.cli.progress import tracked
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.comparison.errors import ComparisonError
from scripts.lab.comparison.images import LabelledImages, Library, Pixels
from scripts.lab.datasets import DataError
from scripts.lab.sources import find
from scripts.stack.backend import CHECKOUT


@dataclass(frozen=True)
class PhotoSample:
    """How much is drawn.

    Attributes:
        classes: that are drawn.
        images: of each.
        fractions: of them to train, to validate and to test with.
    """

    classes: int
    images: int
    fractions: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class DrawnPhotos:
    """What was drawn, class by class.

    Attributes:
        images: uint8 (n, 3, s, s).
        labels: (n,) index into `classes`.
        classes: names, in the order in which they were drawn.
        split: of the n rows.
    """

    images: Pixels
    labels: IntArray
    classes: tuple[str, ...]
    split: TrainingSplit


def photographs(path: Path, cache: Path, side: int) -> LabelledImages:
    """The images as squares of this side, decoded unless an earlier run did.

    Raises:
        BenchmarkError: the data can't be used.
    """
    try:
        return Library(find(str(path), "", cache), None, 0, cache).at(side)
    except (ComparisonError, DataError) as problem:
        raise BenchmarkError(str(problem)) from problem


def draw(data: LabelledImages, sample: PhotoSample, seed: int) -> DrawnPhotos:
    """Classes, images of each, and a split, all by the seed.

    Raises:
        BenchmarkError: too few classes have images enough.
    """
    rng = np.random.default_rng(seed)
    large = np.flatnonzero(np.bincount(data.targets) >= sample.images)
    if len(large) < sample.classes:
        raise BenchmarkError(
            f"{data.name}: {len(large)} classes have {sample.images} images. Give data with {sample.classes} such."
        )
    chosen = rng.choice(large, sample.classes, replace=False)
    rows = [rng.choice(np.flatnonzero(data.targets == number), sample.images, replace=False) for number in chosen]
    labels = np.repeat(np.arange(sample.classes), sample.images)
    return DrawnPhotos(
        images=data.images[np.concatenate(rows)],
        labels=labels,
        classes=tuple(data.classes[number] for number in chosen),
        split=split(labels, fractions=sample.fractions, seed=seed),
    )


def in_processes(module: str, path: Path, cache: Path, side: int, runs: int) -> list[dict[str, Any]]:
    """What `in_a_process` gives for each of so many seeds, on photographs of this side.

    Raises:
        BenchmarkError: the data can't be used, or a process failed.
    """
    # Decoded here, where a person sees how far it is.
    photographs(path, cache, side)
    what = module.rpartition(".")[2].replace("_", " ")
    seeds = tracked(range(runs), what, unit="run", kept=False)
    return [in_a_process(module, path, cache, seed) for seed in seeds]


def in_a_process(module: str, path: Path, cache: Path, seed: int) -> dict[str, Any]:
    """What a module that is called with path, cache and seed prints in its last line, as JSON.

    A fresh process each time: what one training leaves in memory slows the next.

    Raises:
        BenchmarkError: it failed.
    """
    command = [sys.executable, "-m", module, str(path.resolve()), str(cache), str(seed)]
    ended = subprocess.run(command, check=False, cwd=CHECKOUT, capture_output=True, text=True)
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or ["it said nothing."]
        raise BenchmarkError(f"{module} failed ({ended.returncode}): {said[-1]}")
    measured: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return measured
