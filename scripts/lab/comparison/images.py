"""Images as pixels on disk: decoded once, then mapped into memory."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numpy.lib.format import open_memmap

from model.arrays import BoolArray, IntArray
from model.errors import ImageError
from model.files import whole_folder
from model.images.decoders import Decoders
from model.images.limits import ImageLimits
from scripts.cli.progress import tracked
from scripts.lab.comparison.errors import ComparisonError
from scripts.lab.datasets import EncodedImage, ImageSource, select
from scripts.lab.sources import FoundData, set_aside
from scripts.lab.wording import counted

Pixels = npt.NDArray[np.uint8]

SMALL_SIDE = 64
"""Images up to this side are kept as they are, not enlarged: CIFAR's take a fiftieth of the disk so."""
LOOKED_AT = 16
"""Images that tell whether all are small."""
SHEET = "images.json"


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images with a class.

    Attributes:
        name: for people.
        images: uint8 (n, 3, s, s), R, G, B, on disk until they are looked at.
        targets: int64 (n,) index into `classes`.
        classes: names; some may have no image.
        test: bool (n,), the images that the data set aside for testing; None where it leaves that to us.
        fingerprint: of which images these are; the same for every side.
        groups: (n,) from 0, near-duplicates have the same, see `likeness`; None where nobody looked.
    """

    name: str
    images: Pixels
    targets: IntArray
    classes: tuple[str, ...]
    test: BoolArray | None
    fingerprint: str
    groups: IntArray | None = None

    @property
    def near_duplicates(self) -> str:
        """How many images there are that look like another; for people."""
        if self.groups is None:
            return "not looked for"
        sizes = np.bincount(self.groups)
        alike = int(sizes[sizes > 1].sum())
        return f"{counted(alike, 'image')}, kept together" if alike else "none"


@dataclass(frozen=True, eq=False)
class Library:
    """The images that were asked for, at any side.

    Attributes:
        found: where they are.
        limit: most images, of each class its share; None for all.
        seed: of that choice.
        cache: folder for what is decoded.
    """

    found: FoundData
    limit: int | None
    seed: int
    cache: Path

    def at(self, side: int) -> LabelledImages:
        """The images as squares of this side, decoded unless an earlier command did; small ones at their own.

        Raises:
            ComparisonError: fewer than two classes have an image that can be read.
            DataError: the data can't be used.
        """
        return load(self.found.name, self.decoded(side))

    def decoded(self, side: int) -> Path:
        """The folder that holds them, for `load`; see `at`."""
        key = json.dumps([self.found.state, self.limit, self.seed, side])
        folder = self.cache / hashlib.blake2b(key.encode(), digest_size=10).hexdigest()
        if not folder.exists():
            with whole_folder(folder) as unfinished:
                self._write(unfinished, side)
        return folder

    @cached_property
    def _source(self) -> ImageSource:
        return self.found.open()

    @cached_property
    def _wanted(self) -> list[int]:
        """Of each class its share, and of each class's test images, where the data set some aside."""
        labels, test = self._source.labels, set_aside(self._source.paths)
        if test is not None:
            labels = [f"{label}/{aside}" for label, aside in zip(labels, test, strict=True)]
        return select(labels, self.limit, np.random.default_rng(self.seed))

    def _write(self, folder: Path, side: int) -> None:
        source, count = self._source, len(self._wanted)
        decoders = Decoders(ImageLimits())
        side, files = _kept_side(source.read(self._wanted), side, decoders)
        shape = (count, 3, side, side)
        images: Pixels = open_memmap(folder / "images.npy", "w+", np.uint8, shape)  # type: ignore[no-untyped-call]
        numbers: list[int] = []
        decoded = tracked(_decoded(files, side, decoders), "decoding", count, "image")
        for number, pixels in decoded:
            if pixels is not None:
                images[len(numbers)] = pixels
                numbers.append(number)
        del images
        self._say_what_is_left_out(count - len(numbers))
        places = {label: place for place, label in enumerate(source.classes)}
        targets = np.array([places[source.labels[number]] for number in numbers], dtype=np.int64)
        if len(np.unique(targets)) < 2:
            raise ComparisonError(f"{self.found.name} has no two classes with an image that can be read.")
        test = set_aside(source.paths)
        if test is not None:
            np.save(folder / "test.npy", test[numbers])
        np.save(folder / "targets.npy", targets)
        which = json.dumps([self.found.state, numbers, source.classes])
        sheet = {"classes": source.classes, "fingerprint": hashlib.blake2b(which.encode(), digest_size=12).hexdigest()}
        (folder / SHEET).write_text(json.dumps(sheet, ensure_ascii=False))

    def _say_what_is_left_out(self, broken: int) -> None:
        lines = [*self._source.left_out, *([f"{counted(broken, 'image')} that can't be read"] if broken else [])]
        for line in lines:
            print(f"Left out: {line}.", flush=True)


def load(name: str, folder: Path) -> LabelledImages:
    """The images that a library decoded into a folder.

    Args:
        name: for people.
        folder: see `Library.decoded`.
    """
    sheet = json.loads((folder / SHEET).read_text())
    targets, test = np.load(folder / "targets.npy"), folder / "test.npy"
    return LabelledImages(
        name=name,
        images=np.load(folder / "images.npy", mmap_mode="r")[: len(targets)],
        targets=targets,
        classes=tuple(sheet["classes"]),
        test=np.load(test) if test.exists() else None,
        fingerprint=sheet["fingerprint"],
    )


def _kept_side(files: Iterator[EncodedImage], side: int, decoders: Decoders) -> tuple[int, Iterator[EncodedImage]]:
    """The side to keep images at, and all of the files again."""
    first = list(islice(files, LOOKED_AT))
    outcomes = [outcome for _, outcome in decoders.decode_each(((file.index, file.content) for file in first), side)]
    sizes = [max(image.width, image.height) for image in outcomes if not isinstance(image, ImageError)]
    largest = max(sizes, default=side)
    return (min(side, largest) if largest <= SMALL_SIDE else side), chain(first, files)


def _decoded(files: Iterable[EncodedImage], side: int, decoders: Decoders) -> Iterator[tuple[int, Pixels | None]]:
    """Number and pixels (3, side, side) of each file in turn; None where it can't be read."""
    for number, outcome in decoders.decode_each(((file.index, file.content) for file in files), side):
        yield number, None if isinstance(outcome, ImageError) else outcome.pixels.transpose(2, 0, 1)
