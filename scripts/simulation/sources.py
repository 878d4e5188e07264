"""What the person gave as DATA, as labelled data in the cache."""

import hashlib
import json
from pathlib import Path
from typing import Any

from model.backbones import Backbone
from scripts.datasets import DataError
from scripts.simulation import archive, pictures
from scripts.simulation.errors import SimulationError
from scripts.simulation.labelled import kept
from scripts.sources import find, stamp


def prepare(data: str, token: str, backbone: Backbone, cache: Path) -> Path:
    """Find the data, embed them where no earlier run did, and keep the arrays.

    Args:
        data: an `.npz`, or what `scripts.sources.find` takes.
        token: for Label Studio.
        cache: folder for what takes long to make.

    Returns:
        A folder for `scripts.simulation.labelled.load`.

    Raises:
        SimulationError: there are no such data, or they can't be used.
    """
    path = Path(data).expanduser()
    if path.suffix == ".npz":
        if not path.is_file():
            raise SimulationError(f"There is no file {path}.")
        return kept(_folder(cache, stamp(path)), lambda: archive.read(path))
    try:
        found = find(data, token, cache / "downloads")
        folder = _folder(cache, found.state, backbone)
        return kept(folder, lambda: pictures.read(found.name, found.open(), backbone, cache))
    except DataError as problem:
        raise SimulationError(str(problem)) from problem


def _folder(cache: Path, state: Any, backbone: Backbone | None = None) -> Path:
    named = [state, None if backbone is None else backbone.version]
    return cache / hashlib.blake2b(json.dumps(named).encode(), digest_size=10).hexdigest()
