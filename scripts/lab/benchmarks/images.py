"""The images that are measured with: of a data set that the user gives, or drawn."""

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from model.images.limits import ImageLimits
from scripts.cli.progress import tracked
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.datasets import DataError, EncodedImage, FolderSource, TarSource, select

SIZE = (300, 200)
CLASSES = 101
LIMITS = ImageLimits(max_bytes=50_000_000, max_pixels=100_000_000)
LABELS_FILE = "labels.json"


@dataclass(frozen=True)
class ImageSet:
    """Image files in one folder.

    Attributes:
        folder: that holds them.
        names: file names, in random order.
        labels: class of each.
        real: photographs, not drawings.
    """

    folder: Path
    names: list[str]
    labels: list[str]
    real: bool

    @property
    def classes(self) -> list[str]:
        """All classes, sorted."""
        return sorted(set(self.labels))

    def read(self, count: int) -> list[bytes]:
        """The first `count` files, or all where there are fewer."""
        return [(self.folder / name).read_bytes() for name in self.names[:count]]

    def part(self, count: int) -> "ImageSet":
        """So many of them, of each class its share.

        Raises:
            BenchmarkError: there are fewer.
        """
        if count > len(self.names):
            raise BenchmarkError(f"{count} images are wanted and {len(self.names)} there: give smaller --tasks.")
        chosen = select(self.labels, count, np.random.default_rng(0))
        names, labels = [self.names[each] for each in chosen], [self.labels[each] for each in chosen]
        return ImageSet(self.folder, names, labels, self.real)


def of_path(path: Path, folder: Path) -> ImageSet:
    """Unpack a data set; what an earlier run unpacked is taken as it is.

    Args:
        path: a folder per class, or a tar of one.
        folder: to unpack to.

    Raises:
        BenchmarkError: there is no such data set.
    """
    kept = _kept(folder, real=True)
    if kept is not None:
        return kept
    try:
        source = FolderSource(path) if path.is_dir() else TarSource(path)
    except (OSError, DataError) as problem:
        raise BenchmarkError(f"{path} cannot be read: {problem}") from problem
    images = tracked(source.read(range(len(source.labels))), "unpacking", len(source.labels), "image")
    return _write(images, source.labels, folder, real=True)


def drawn(count: int, folder: Path, classes: int = CLASSES) -> ImageSet:
    """Drawings of 300×200, a pattern for each class with noise on it; what an earlier run drew is taken as it is.

    Args:
        count: how many.
        folder: to write to.
        classes: how many patterns.
    """
    kept = _kept(folder, real=False)
    if kept is not None and len(kept.names) >= count:
        return kept
    labels = [f"class {number % classes:03d}" for number in range(count)]
    numbers = tracked(range(count), "drawing", unit="image")
    images = (EncodedImage(number, ".jpg", picture(number, number % classes)) for number in numbers)
    return _write(images, labels, folder, real=False)


def picture(number: int, pattern: int) -> bytes:
    """A JPEG of 300×200 pixels; another number makes another file of the same pattern."""
    coarse = np.random.default_rng(pattern).integers(0, 256, (4, 6, 3))
    noise = np.random.default_rng([number, pattern]).integers(-40, 41, (20, 30, 3))
    pixels = np.clip(np.kron(coarse, np.ones((5, 5, 1))) + noise, 0, 255).astype(np.uint8)
    return jpeg(Image.fromarray(pixels).resize(SIZE, Image.Resampling.BICUBIC))


def jpeg(image: Image.Image) -> bytes:
    """The image as a JPEG file."""
    buffer = BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _write(images: Iterable[EncodedImage], labels: Sequence[str], folder: Path, *, real: bool) -> ImageSet:
    """Write the files under numbers in random order, which tell nothing of their class."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    order = np.random.default_rng(0).permutation(len(labels)).tolist()
    made = {}
    for image in images:
        name = f"{order[image.index]:06d}{image.suffix}"
        (folder / name).write_bytes(image.content)
        made[name] = labels[image.index]
    # Written last: a folder without it is begun anew.
    (folder / LABELS_FILE).write_text(json.dumps(dict(sorted(made.items()))))
    return _set(folder, made, real=real)


def _kept(folder: Path, *, real: bool) -> ImageSet | None:
    file = folder / LABELS_FILE
    return _set(folder, json.loads(file.read_text()), real=real) if file.exists() else None


def _set(folder: Path, labels: dict[str, str], *, real: bool) -> ImageSet:
    names = sorted(labels)
    return ImageSet(folder, names, [labels[name] for name in names], real)
