"""Features that somebody already has: an `.npz` of `X` and `y`."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from model.arrays import BoolArray, FloatArray, IntArray
from scripts.lab.simulation.errors import SimulationError
from scripts.lab.simulation.labelled import LabelledData


def read(path: Path) -> LabelledData:
    """Read `X` (n, d) and `y` (n,), and where they are there `classes` (k,) and `test` (n,) bool.

    `y` holds names, or numbers: with `classes` these are places in it.

    Raises:
        SimulationError: no such archive, an array that is missing, or arrays that don't go together.
    """
    arrays = _arrays(path)
    missing = [name for name in ("X", "y") if name not in arrays]
    if missing:
        raise SimulationError(
            f"{path} has no array {' and no array '.join(missing)}: it holds {', '.join(sorted(arrays)) or 'nothing'}. "
            "Write it with numpy.savez(file, X=features, y=labels)."
        )
    features, labels = _features(path, arrays["X"]), arrays["y"]
    if labels.shape != (len(features),):
        raise SimulationError(f"{path}: y has shape {labels.shape}; {len(features)} labels are needed, one a row of X.")
    targets, classes = _numbered(path, labels, arrays.get("classes"))
    return LabelledData.of(path.name, features, targets, classes, _test(path, len(features), arrays.get("test")))


def _arrays(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            wanted = [name for name in archive.files if name in ("X", "y", "classes", "test")]
            return dict.fromkeys(archive.files) | {name: archive[name] for name in wanted}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as problem:
        raise SimulationError(f"{path} can't be read as .npz ({problem}). Write it with numpy.savez.") from problem


def _features(path: Path, given: Any) -> FloatArray:
    if given.ndim != 2 or given.dtype.kind not in "fiu":
        raise SimulationError(f"{path}: X has shape {given.shape} of {given.dtype}; it must be numbers (n, d).")
    features: FloatArray = given if given.dtype == np.float16 else given.astype(np.float32)
    return features


def _numbered(path: Path, labels: Any, given: Any) -> tuple[IntArray, tuple[str, ...]]:
    if given is None:
        names, targets = np.unique(labels, return_inverse=True)
        return targets.astype(np.int64), tuple(str(name) for name in names)
    classes = tuple(str(name) for name in given)
    if labels.dtype.kind not in "iu":
        places = {name: place for place, name in enumerate(classes)}
        targets = np.array([places.get(str(label), -1) for label in labels], dtype=np.int64)
    else:
        targets = labels.astype(np.int64)
    strange = np.flatnonzero((targets < 0) | (targets >= len(classes)))
    if len(strange):
        raise SimulationError(f"{path}: the label {labels[strange[0]]!r} of row {strange[0]} is not in its `classes`.")
    return targets, classes


def _test(path: Path, n: int, given: Any) -> BoolArray | None:
    if given is None:
        return None
    if given.shape != (n,) or given.dtype != np.bool_:
        raise SimulationError(f"{path}: test has shape {given.shape} of {given.dtype}; it must be {n} times yes or no.")
    if given.all() or not given.any():
        raise SimulationError(f"{path}: test marks {int(given.sum())} of {n} images; some must be left to label.")
    test: BoolArray = given
    return test
