"""Labelled data as arrays, kept in the cache: embedded once, then mapped into the memory of every process."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from model.arrays import BoolArray, FloatArray, IntArray
from model.files import whole_folder
from scripts.lab.simulation.errors import SimulationError

SHEET = "data.json"


@dataclass(frozen=True, eq=False)
class LabelledData:
    """Images with a feature and a class.

    Attributes:
        name: for people.
        features: (n, d) float16 or float32, finite.
        targets: (n,) int64, index into `classes`.
        classes: names; some may have no image.
        test: (n,) bool, the images that the data set aside for testing; None where it leaves that to us.
        fingerprint: of the content, whatever its file's name and age.
    """

    name: str
    features: FloatArray
    targets: IntArray
    classes: tuple[str, ...]
    test: BoolArray | None
    fingerprint: str

    @classmethod
    def of(
        cls, name: str, features: FloatArray, targets: IntArray, classes: tuple[str, ...], test: BoolArray | None = None
    ) -> Self:
        """Check data and take its fingerprint.

        Raises:
            SimulationError: a feature that is not finite, or labels of fewer than two classes.
        """
        broken = np.flatnonzero(~np.isfinite(features.sum(axis=1, dtype=np.float64)))
        if len(broken):
            raise SimulationError(f"{name}: row {broken[0]} holds a value that is not finite. Leave it out.")
        present = len(np.unique(targets))
        if present < 2:
            raise SimulationError(f"{name} holds labels of {present} class: at least two are needed to tell apart.")
        digest = hashlib.blake2b(digest_size=12)
        for part in (features, targets, np.zeros(0) if test is None else test):
            digest.update(np.ascontiguousarray(part).data)
        digest.update("\n".join(classes).encode())
        return cls(name, features, targets, classes, test, digest.hexdigest())


def kept(folder: Path, make: Callable[[], LabelledData]) -> Path:
    """Make data unless the folder already holds it; written whole or not at all.

    Returns:
        The folder, for `load`.
    """
    if not folder.exists():
        data = make()
        with whole_folder(folder, flushed=False) as unfinished:
            _write(data, unfinished)
    return folder


def load(folder: Path) -> LabelledData:
    """Read what `kept` wrote; the features stay on disk until they are looked at."""
    sheet = json.loads((folder / SHEET).read_text())
    test = folder / "test.npy"
    return LabelledData(
        name=sheet["name"],
        features=np.load(folder / "features.npy", mmap_mode="r"),
        targets=np.load(folder / "targets.npy"),
        classes=tuple(sheet["classes"]),
        test=np.load(test) if test.exists() else None,
        fingerprint=sheet["fingerprint"],
    )


def _write(data: LabelledData, folder: Path) -> None:
    np.save(folder / "features.npy", data.features)
    np.save(folder / "targets.npy", data.targets)
    if data.test is not None:
        np.save(folder / "test.npy", data.test)
    sheet = {"name": data.name, "classes": data.classes, "fingerprint": data.fingerprint}
    (folder / SHEET).write_text(json.dumps(sheet, ensure_ascii=False))
