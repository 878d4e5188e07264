"""What the person gave as DATA, as labelled data in the cache."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.backbone.backbone import Backbone, Origin
from scripts.lab.backbones import BackboneError, exported
from scripts.lab.datasets import DataError
from scripts.lab.simulation import archive, pictures
from scripts.lab.simulation.errors import SimulationError
from scripts.lab.simulation.labelled import kept
from scripts.lab.sources import find, stamp


@dataclass(frozen=True)
class Prepared:
    """Labelled data in the cache.

    Attributes:
        folder: for `scripts.lab.simulation.labelled.load`.
        backbone: version of the one that embedded them; None where they came as features.
    """

    folder: Path
    backbone: str | None


def prepare(data: str, token: str, origin: Origin, cache: Path) -> Prepared:
    """Find the data, embed them where no earlier run did, and keep the arrays.

    Args:
        data: an `.npz`, or what `scripts.lab.sources.find` takes.
        token: for Label Studio.
        origin: of the backbone that images are embedded by.
        cache: folder for what takes long to make.

    Raises:
        SimulationError: there are no such data, or they or the backbone can't be used.
    """
    path = Path(data).expanduser()
    if path.suffix == ".npz":
        if not path.is_file():
            raise SimulationError(f"There is no file {path}.")
        return Prepared(kept(_folder(cache, stamp(path)), lambda: archive.read(path)), None)
    try:
        found = find(data, token, cache / "downloads")
        by = exported(origin, cache)
        folder = _folder(cache, found.state, by.backbone)
        return Prepared(kept(folder, lambda: pictures.read(found.name, found.open(), by)), by.backbone.version)
    except (DataError, BackboneError) as problem:
        raise SimulationError(str(problem)) from problem


def _folder(cache: Path, state: Any, backbone: Backbone | None = None) -> Path:
    named = [state, None if backbone is None else backbone.version]
    return cache / hashlib.blake2b(json.dumps(named).encode(), digest_size=10).hexdigest()
