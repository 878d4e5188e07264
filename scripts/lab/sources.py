"""What a person named as DATA: found, and told from all other data, before an image of it is read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from model.arrays import BoolArray
from scripts.lab.datasets import DataError, ImageSource, open_source
from scripts.lab.labelled_project import LabelledProject

PARTS = {"train", "test"}


@dataclass(frozen=True)
class FoundData:
    """Labelled images that are there.

    Attributes:
        name: for people.
        state: tells them from others, and from themselves after a change; JSON can hold it.
        open: lists them, or raises a DataError where they can't be used.
    """

    name: str
    state: Any
    open: Callable[[], ImageSource]


def find(data: str, token: str, downloads: Path) -> FoundData:
    """Find labelled images.

    Args:
        data: a folder per class or tar of one, a torchvision name, `digits`, or a Label Studio project's address.
        token: for Label Studio.
        downloads: folder for torchvision's downloads.

    Raises:
        DataError: there are no such data.
    """
    if data.startswith(("http://", "https://")):
        project = LabelledProject.open(data, token)
        return FoundData(project.name, [data, project.classes, project.tasks, project.labels], lambda: project)
    path = Path(data).expanduser()
    if path.exists():
        return FoundData(path.resolve().name, stamp(path), lambda: open_source(data, downloads))
    if path.suffix or len(path.parts) > 1:
        raise DataError(f"There is no file or folder {path}.")
    return FoundData(data, data, lambda: open_source(data, downloads))


def stamp(path: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of change of a file, or of each file below a folder: what tells that data changed."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    states = [(str(file.relative_to(path.parent)), file.stat()) for file in files]
    return [(name, state.st_size, state.st_mtime_ns) for name, state in states]


def set_aside(paths: Sequence[str]) -> BoolArray | None:
    """Which images lie in the top folder `test`, where the only top folders are `train` and `test`; else None.

    A single folder above both is looked through.
    """
    parts = [PurePosixPath(path).parts for path in paths]
    while parts and all(len(each) > 2 for each in parts) and len({each[0] for each in parts}) == 1:
        parts = [each[1:] for each in parts]
    tops = {each[0] if len(each) > 2 else "" for each in parts}
    return np.array([each[0] == "test" for each in parts]) if tops == PARTS else None
