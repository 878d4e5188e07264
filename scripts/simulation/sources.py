"""What the person gave as DATA, as labelled data in the cache."""

import hashlib
import json
from pathlib import Path
from typing import Any

from model.backbones import Backbone
from scripts.datasets import DataError, open_source
from scripts.simulation import archive, pictures
from scripts.simulation.embedding import stamp
from scripts.simulation.errors import SimulationError
from scripts.simulation.labelled import LabelledData, kept
from scripts.simulation.project import LabelledProject


def prepare(data: str, token: str, backbone: Backbone, cache: Path) -> Path:
    """Find the data, embed them where no earlier run did, and keep the arrays.

    Args:
        data: an `.npz`, a folder per class or tar of one, a torchvision name, or a Label Studio project's address.
        token: for Label Studio.
        cache: folder for what takes long to make.

    Returns:
        A folder for `scripts.simulation.labelled.load`.

    Raises:
        SimulationError: there are no such data, or they can't be used.
    """
    if data.startswith(("http://", "https://")):
        project = LabelledProject.open(data, token)
        state = [data, project.classes, project.tasks, project.labels]
        return kept(_folder(cache, state, backbone), lambda: project.read(backbone, cache))
    path = Path(data).expanduser()
    if path.suffix == ".npz":
        if not path.is_file():
            raise SimulationError(f"There is no file {path}.")
        return kept(_folder(cache, stamp(path)), lambda: archive.read(path))
    if not path.exists() and (path.suffix or len(path.parts) > 1):
        raise SimulationError(f"There is no file or folder {path}.")
    found: Any = stamp(path) if path.exists() else data
    try:
        return kept(_folder(cache, found, backbone), lambda: _pictures(data, backbone, cache))
    except DataError as problem:
        raise SimulationError(str(problem).replace("--data PATH", "its path").replace("--data ", "")) from problem


def _pictures(data: str, backbone: Backbone, cache: Path) -> LabelledData:
    return pictures.read(data, open_source(data, cache / "downloads"), backbone, cache)


def _folder(cache: Path, state: Any, backbone: Backbone | None = None) -> Path:
    named = [state, None if backbone is None else backbone.version]
    return cache / hashlib.blake2b(json.dumps(named).encode(), digest_size=10).hexdigest()
