"""Where a project's images lie, and who their neighbours are: kept between runs, and grown with new images.

A cache: whatever is missing or out of date is made again from the features.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from safetensors.numpy import load_file, save_file

from backend.project import Project
from backend.store.quarantine import Quarantine
from model.arrays import FloatArray, IntArray
from model.files import whole_file
from model.geometry import Axes
from model.graph import NEIGHBOURS, UNKNOWN, neighbours
from model.head.head import FeatureTransform

GROWTH = 2.0
"""Axes are fitted anew when there are so many times the images that they were fitted on."""

PRINT_STEP = 20
"""Every twentieth number of a feature tells it from another."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """Points of images.

    Attributes:
        task_ids: (n,) int64, ascending.
        prints: (n,) uint64, tells when a task's feature is another one.
        axes: what placed them.
        fitted_on: number of images that the axes were fitted on.
        points: (n, m) float32, see `model.geometry`.
        nearest: (n, 10) int32 rows, `UNKNOWN` where they were not looked for yet; see `model.graph`.
    """

    task_ids: IntArray
    prints: IntArray
    axes: Axes
    fitted_on: int
    points: FloatArray
    nearest: IntArray

    @classmethod
    def of(cls, task_ids: IntArray, features: FloatArray, seed: int) -> Self:
        """Place images on axes of their own; at least one."""
        axes = Axes.of(features, seed)
        n = len(task_ids)
        return cls(task_ids, _prints(features), axes, n, axes.place(features), _unknown(n))

    def adapted(self, task_ids: IntArray, features: FloatArray, seed: int) -> "Geometry":
        """The geometry of these images, with what is known of them already; itself where nothing changed."""
        prints = _prints(features)
        if np.array_equal(task_ids, self.task_ids) and np.array_equal(prints, self.prints):
            return self
        if len(task_ids) > GROWTH * self.fitted_on or features.shape[1] != len(self.axes.transform.mean):
            return Geometry.of(task_ids, features, seed)
        old, new = self._same(task_ids, prints)
        if not len(old):
            # Features of another backbone: what these axes are made of says nothing of them.
            return Geometry.of(task_ids, features, seed)
        points = np.empty((len(task_ids), self.points.shape[1]), dtype=np.float32)
        points[new] = self.points[old]
        unknown = np.ones(len(task_ids), dtype=bool)
        unknown[new] = False
        points[unknown] = self.axes.place(features[unknown])
        return replace(
            self, task_ids=task_ids, prints=prints, points=points, nearest=self._renumbered(old, new, len(task_ids))
        )

    def _same(self, task_ids: IntArray, prints: IntArray) -> tuple[IntArray, IntArray]:
        """Rows here and rows there of the images that are the same."""
        _, old, new = np.intersect1d(self.task_ids, task_ids, assume_unique=True, return_indices=True)
        kept = self.prints[old] == prints[new]
        return old[kept], new[kept]

    def _renumbered(self, old: IntArray, new: IntArray, n: int) -> IntArray:
        """Neighbours by their new rows; who lost one is looked up again."""
        row = np.full(len(self.task_ids) + 1, UNKNOWN, dtype=np.int32)
        row[old] = new
        nearest = _unknown(n)
        # UNKNOWN is -1 and takes the last entry, which stays UNKNOWN.
        nearest[new] = row[self.nearest[old]]
        nearest[(nearest == UNKNOWN).any(axis=1)] = UNKNOWN
        return nearest


class GeometryStore:
    """One file for each project."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._quarantine = Quarantine(folder.parent)

    def points(self, project: Project, task_ids: IntArray, features: FloatArray, seed: int) -> FloatArray:
        """Points (n, m) float32 of a project's images, by ascending task id.

        Raises:
            InputError: a feature that is not finite.
        """
        if not len(task_ids):
            return np.empty((0, 0), dtype=np.float32)
        return self._adapted(project, task_ids, features, seed).points

    def nearest(self, project: Project, task_ids: IntArray, features: FloatArray, seed: int) -> IntArray:
        """Neighbours (n, c) int32 of a project's images, see `model.graph.neighbours`; at least one image.

        Raises:
            InputError: a feature that is not finite.
        """
        geometry = self._adapted(project, task_ids, features, seed)
        if len(task_ids) <= NEIGHBOURS:
            return neighbours(geometry.points)
        if (geometry.nearest == UNKNOWN).any():
            geometry = replace(geometry, nearest=neighbours(geometry.points, geometry.nearest))
            self._save(project, geometry)
        return geometry.nearest

    def _adapted(self, project: Project, task_ids: IntArray, features: FloatArray, seed: int) -> Geometry:
        known = self._load(project)
        geometry = Geometry.of(task_ids, features, seed) if known is None else known.adapted(task_ids, features, seed)
        if geometry is not known:
            self._save(project, geometry)
        return geometry

    def _file(self, project: Project) -> Path:
        return self._folder / f"{project.key}.safetensors"

    def _load(self, project: Project) -> Geometry | None:
        return self._quarantine.read(self._file(project), _read)

    def _save(self, project: Project, geometry: Geometry) -> None:
        self._quarantine.make_folder(self._folder)
        file = self._file(project)
        # Whoever writes has the project's lease: these are what killed runs left.
        for left in self._folder.glob(f".{file.name}.*"):
            left.unlink(missing_ok=True)
        tensors = {
            "task_ids": geometry.task_ids,
            "prints": geometry.prints,
            "mean": geometry.axes.transform.mean,
            "directions": np.ascontiguousarray(geometry.axes.directions),
            "fitted_on": np.array([geometry.fitted_on]),
            "points": geometry.points,
            "nearest": geometry.nearest,
        }
        # A file that a power cut tears is made again.
        with whole_file(file, flushed=False) as unfinished:
            save_file(tensors, unfinished)


def _read(file: Path) -> Geometry:
    """What `_save` wrote.

    Raises:
        ValueError: parts that don't fit each other.
    """
    stored = load_file(file)
    n, (width, axes) = len(stored["task_ids"]), stored["directions"].shape
    shapes = {"prints": (n,), "mean": (width,), "fitted_on": (1,), "points": (n, axes)}
    wrong = [name for name, shape in shapes.items() if stored[name].shape != shape]
    nearest = stored["nearest"]
    if wrong or nearest.shape != (n, NEIGHBOURS) or nearest.max(initial=-1) >= n or nearest.min(initial=0) < UNKNOWN:
        raise ValueError(f"its parts don't fit each other: {wrong or ['nearest']}")
    return Geometry(
        task_ids=stored["task_ids"],
        prints=stored["prints"],
        axes=Axes(FeatureTransform(stored["mean"]), stored["directions"]),
        fitted_on=int(stored["fitted_on"][0]),
        points=stored["points"],
        nearest=nearest,
    )


def _prints(features: FloatArray) -> IntArray:
    numbers = np.ascontiguousarray(features[:, ::PRINT_STEP].astype(np.float16)).view(np.uint16).astype(np.uint64)
    factors = np.random.default_rng(0).integers(2**63, size=numbers.shape[1], dtype=np.uint64)
    # An odd factor loses no bit of its number.
    prints: IntArray = (numbers * (factors | np.uint64(1))).sum(axis=1, dtype=np.uint64)
    return prints


def _unknown(n: int) -> IntArray:
    return np.full((n, NEIGHBOURS), UNKNOWN, dtype=np.int32)
