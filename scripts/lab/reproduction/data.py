"""The data sets of the table: files that the person gave, or torchvision's downloads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.lab.datasets import DataError, ImageSource
from scripts.lab.sources import FoundData, find


@dataclass(frozen=True)
class DataSetMark:
    """What tells a data set, whatever its file is called.

    Attributes:
        name: in the table, and torchvision's.
        title: for people.
        classes: how many.
        among: names of some of them that no other of the sets has.
    """

    name: str
    title: str
    classes: int
    among: frozenset[str]


MARKS = {
    mark.name: mark
    for mark in (
        DataSetMark("caltech101", "Caltech-101", 101, frozenset({"accordion", "euphonium", "yin_yang"})),
        DataSetMark("cifar10", "CIFAR-10", 10, frozenset({"airplane", "automobile", "truck"})),
        DataSetMark("cifar100", "CIFAR-100", 100, frozenset({"aquarium_fish", "pickup_truck", "worm"})),
    )
}


def given(paths: Sequence[str]) -> dict[str, FoundData]:
    """What each path holds, by the name in the table.

    Raises:
        DataError: a path that can't be used, holds none of the sets, or one that another path holds too.
    """
    found: dict[str, FoundData] = {}
    for path in paths:
        if not Path(path).expanduser().exists():
            raise DataError(f"There is no file or folder {path}.")
        images = find(path, "", Path())
        source = images.open()
        mark = recognised(source, path)
        if mark.name in found:
            raise DataError(f"{path} holds {mark.title}, as another --data does. Give one of them.")
        found[mark.name] = replace(images, name=mark.title, open=_already(source))
    return found


def recognised(source: ImageSource, path: str) -> DataSetMark:
    """Which set it is, by its classes.

    Raises:
        DataError: none of them.
    """
    for mark in MARKS.values():
        if len(source.classes) == mark.classes and mark.among <= set(source.classes):
            return mark
    titles = ", ".join(mark.title for mark in MARKS.values())
    raise DataError(f"{path} holds {len(source.classes)} classes of other images than {titles}, each whole.")


def downloaded(name: str, downloads: Path) -> FoundData:
    """A set from torchvision's hub, fetched where it is not there yet.

    Raises:
        DataError: it can't be had.
    """
    found = find(name, "", downloads)
    try:
        source = found.open()
    except DataError as problem:
        raise DataError(f"{problem} Here that is --data PATH.") from problem
    return replace(found, name=MARKS[name].title, open=_already(source))


def _already(source: ImageSource) -> Callable[[], ImageSource]:
    """Opens what is open: a tar is listed once."""
    return lambda: source
