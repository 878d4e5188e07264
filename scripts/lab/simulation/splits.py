"""Which images are labelled and which are tested on: a split of the data by its number."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from sklearn.model_selection import train_test_split

from model.arrays import FloatArray, IntArray
from model.geometry import points
from model.graph import neighbours
from scripts.lab.simulation.errors import SimulationError
from scripts.lab.simulation.labelled import LabelledData


@dataclass(frozen=True)
class SplitOptions:
    """How data are split.

    Attributes:
        test_share: of the images, where the data set none aside, in (0, 1).
        pool: images to label, of each class its share; None for all that are not tested on.
    """

    test_share: float
    pool: int | None


@dataclass(frozen=True, eq=False)
class Split:
    """One split.

    Attributes:
        number: that it was drawn by.
        classes: k names.
        features: (n, d) of the pool, in random order.
        targets: (n,) int64 their true classes.
        test_features: (m, d).
        test_targets: (m,) int64.
    """

    number: int
    classes: tuple[str, ...]
    features: FloatArray
    targets: IntArray
    test_features: FloatArray
    test_targets: IntArray

    @cached_property
    def _by_seed(self) -> dict[int, tuple[FloatArray, IntArray]]:
        return {}

    def points(self, seed: int) -> FloatArray:
        """(n, m) float32, `model.geometry.points` of the pool, computed once."""
        return self._geometry(seed)[0]

    def nearest(self, seed: int) -> IntArray:
        """(n, c) int32, `model.graph.neighbours` of the pool, computed once."""
        return self._geometry(seed)[1]

    def _geometry(self, seed: int) -> tuple[FloatArray, IntArray]:
        if seed not in self._by_seed:
            placed = points(self.features, seed)
            self._by_seed[seed] = placed, neighbours(placed)
        return self._by_seed[seed]


def draw(data: LabelledData, number: int, options: SplitOptions) -> Split:
    """Split the data, stratified by class.

    Raises:
        SimulationError: a class is too small to be on both sides, or there are too few images for each to be.
    """
    pool, test = rows(data, number, options)
    return Split(
        number=number,
        classes=data.classes,
        features=data.features[pool],
        targets=data.targets[pool],
        test_features=data.features[test],
        test_targets=data.targets[test],
    )


def rows(data: LabelledData, number: int, options: SplitOptions) -> tuple[IntArray, IntArray]:
    """The rows to label, in random order, and the rows to test on.

    Raises:
        SimulationError: see `draw`.
    """
    everything = np.arange(len(data.targets))
    if data.test is None:
        labelled, test = _parted(data, everything, number, round_up(len(everything) * options.test_share), "--test")
    else:
        labelled, test = everything[~data.test], everything[data.test]
        labelled = np.random.default_rng(number).permutation(labelled)
    if options.pool is None or options.pool == len(labelled):
        return labelled, test
    if options.pool > len(labelled):
        raise SimulationError(f"--pool {options.pool} is more than the {len(labelled)} images that are not tested on.")
    _, pool = _parted(data, labelled, number, options.pool, "--pool")
    return pool, test


def round_up(count: float) -> int:
    """The next whole number, but for rounding errors."""
    return int(np.ceil(count - 1e-9))


def _parted(data: LabelledData, among: IntArray, number: int, second: int, option: str) -> tuple[IntArray, IntArray]:
    """Two parts of some rows, the second of a given size."""
    targets = data.targets[among]
    counts = np.bincount(targets, minlength=len(data.classes))
    single = [data.classes[each] for each in np.flatnonzero(counts == 1)]
    if single:
        raise SimulationError(
            f"{data.name}: a class needs at least 2 images to be on both sides of a split; these have 1: "
            f"{', '.join(single)}. Leave them out, or add images."
        )
    classes = int((counts > 0).sum())
    if min(second, len(among) - second) < classes:
        raise SimulationError(
            f"{option} parts {len(among)} images into {len(among) - second} and {second}: with {classes} classes each "
            f"part needs at least {classes}. Choose another {option}, or give more images."
        )
    first, other = train_test_split(among, test_size=second, stratify=targets, random_state=number)
    return first, other


@lru_cache(maxsize=2)
def drawn(data: LabelledData, number: int, options: SplitOptions) -> Split:
    """`draw`, kept for the runs that follow on the same split."""
    return draw(data, number, options)
