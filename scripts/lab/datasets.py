"""Labelled images: scikit-learn's digits, torchvision's data sets, a folder per class or a tar of one."""

import inspect
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from model.images.formats import SUFFIXES
from scripts.cli.commands import UsageError
from scripts.lab.wording import counted

DIGIT_SIDE = 128
# Larger images than this come from photographs: they are kept as JPEG, smaller ones without loss.
LOSSLESS_SIDE = 128
# Caltech-101's folder of clutter is no class; every published figure leaves it out.
NO_CLASS = "BACKGROUND_Google"


class DataError(UsageError):
    """There are no labelled images where the person said; the message says what, where, and what to do."""


@dataclass(frozen=True)
class EncodedImage:
    """One image file.

    Attributes:
        index: its place among the labels of its source.
        suffix: of the file name, with the dot.
        content: the file's bytes.
    """

    index: int
    suffix: str
    content: bytes


class ImageSource(Protocol):
    """Images with their true class; reading them goes through the source once, in its own order.

    Attributes:
        classes: all names, in the order of the label config.
        labels: class of each image.
        paths: of each image below what was given, with slashes; empty where the images are no files.
        left_out: one line for each kind of thing that is no labelled image.
    """

    classes: list[str]
    labels: list[str]
    paths: list[str]
    left_out: list[str]

    def read(self, wanted: Sequence[int]) -> Iterator[EncodedImage]:
        """The images at these places, which must ascend."""


def open_source(data: str, downloads: Path) -> ImageSource:
    """Find the images by what the person wrote.

    Args:
        data: `digits`, the lower-case name of a torchvision data set, or a path of a folder or tar.
        downloads: folder for torchvision's downloads.

    Raises:
        DataError: no such data, or it has no labelled images, or the download failed.
    """
    path = Path(data).expanduser()
    if data == "digits":
        return DigitsSource()
    if path.is_dir():
        return _checked(FolderSource(path), data)
    if path.is_file():
        return _checked(TarSource(path), data)
    return TorchvisionSource(data, downloads)


def select(labels: Sequence[str], limit: int | None, generator: np.random.Generator) -> list[int]:
    """Choose images at random, of each class its share, and at least one where the limit allows.

    Args:
        labels: class of each image.
        limit: most images, at least 1, or None for all.
        generator: makes the choice.

    Returns:
        Ascending places in `labels`, min(limit, len(labels)) of them.
    """
    if limit is None or limit >= len(labels):
        return list(range(len(labels)))
    shuffled = generator.permutation(len(labels))
    names, classes, sizes = np.unique(np.asarray(labels)[shuffled], return_inverse=True, return_counts=True)
    rank = np.empty(len(labels), dtype=int)
    for each in range(len(names)):
        rank[classes == each] = np.arange(sizes[each])
    # The r-th image of a class of n stands at (r + 1/2) / n: taking the lowest takes the same share of each class.
    position = (rank + 0.5) / sizes[classes]
    if limit >= len(names):
        position[rank == 0] = -1.0
    return sorted(int(index) for index in shuffled[np.argsort(position, kind="stable")[:limit]])


def digit_image(pixels: npt.NDArray[np.floating]) -> Image.Image:
    """A digit as a picture that a person and a network can read.

    Args:
        pixels: (8, 8), ink from 0 to 16.

    Returns:
        Greyscale, smooth, `DIGIT_SIDE` pixels wide and high.
    """
    # Dark ink on white paper, as the backbone's photographs have it: it also learns these faster than white on black.
    grey = np.clip(np.round(255.0 - pixels * (255.0 / 16.0)), 0, 255).astype(np.uint8)
    return Image.fromarray(grey).resize((DIGIT_SIDE, DIGIT_SIDE), Image.Resampling.BICUBIC)


@dataclass
class DigitsSource:
    """scikit-learn's 1,797 handwritten digits of 8×8 pixels; nothing to download."""

    classes: list[str] = field(init=False)
    labels: list[str] = field(init=False)
    paths: list[str] = field(default_factory=list, init=False)
    left_out: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        from sklearn.datasets import load_digits  # noqa: PLC0415 - a second of imports that other data need not pay

        digits = load_digits()
        self._images = digits.images
        self.classes = [str(name) for name in digits.target_names]
        self.labels = [str(label) for label in digits.target]

    def read(self, wanted: Sequence[int]) -> Iterator[EncodedImage]:
        """The images at these places, as PNG."""
        for index in wanted:
            yield EncodedImage(index, *_encode(digit_image(self._images[index])))


class TorchvisionSource:
    """A data set of torchvision's that yields an image and a class; its training part, where it has several.

    Args:
        name: of its class in `torchvision.datasets`, in lower case.
        downloads: folder to download to.

    Raises:
        DataError: there is none of this name, it is no image classification, or the download failed.
    """

    def __init__(self, name: str, downloads: Path) -> None:
        self._dataset = _torchvision_dataset(name, downloads)
        targets = _first_attribute(self._dataset, "targets", "y", "labels", "_labels")
        if targets is None:
            targets = [target for _, target in self._dataset]
        numbers = [int(target) for target in targets]
        names = _first_attribute(self._dataset, "classes", "categories")
        self.classes = [str(each) for each in names] if names else [str(each) for each in sorted(set(numbers))]
        self.labels = [self.classes[number] if names else str(number) for number in numbers]
        self.paths: list[str] = []
        self.left_out: list[str] = []

    def read(self, wanted: Sequence[int]) -> Iterator[EncodedImage]:
        """The images at these places, as PNG where they are small and as JPEG where they are photographs."""
        for index in wanted:
            image, _ = self._dataset[index]
            yield EncodedImage(index, *_encode(image))


class FolderSource:
    """Image files in a folder per class, at any depth; a file's class is the name of the folder it is in."""

    def __init__(self, folder: Path) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        chosen, self.left_out = _sort_out([PurePosixPath(path.relative_to(folder).as_posix()) for path in files])
        self._folder = folder
        self.paths = [str(name) for name in chosen]
        self.labels = [name.parent.name for name in chosen]
        self.classes = sorted(set(self.labels))

    def read(self, wanted: Sequence[int]) -> Iterator[EncodedImage]:
        """The files at these places, as they are."""
        for index in wanted:
            file = self._folder / self.paths[index]
            yield EncodedImage(index, file.suffix.lower(), file.read_bytes())


class TarSource:
    """A tar, plain or compressed, of a folder per class.

    Raises:
        DataError: the file is no tar.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with tarfile.open(path) as archive:
                files = [PurePosixPath(member.name) for member in archive if member.isfile()]
        except tarfile.TarError as problem:
            raise DataError(
                f"{path} is no folder and no tar ({problem}). Give a folder per class, or a tar."
            ) from problem
        chosen, self.left_out = _sort_out(files)
        self.paths = [str(name) for name in chosen]
        self.labels = [name.parent.name for name in chosen]
        self.classes = sorted(set(self.labels))

    def read(self, wanted: Sequence[int]) -> Iterator[EncodedImage]:
        """The files at these places, as they are, in one pass; nothing is unpacked by the names in the tar."""
        places = {self.paths[index]: index for index in wanted}
        with tarfile.open(self._path) as archive:
            for member in archive:
                index = places.pop(str(PurePosixPath(member.name)), None) if member.isfile() else None
                content = archive.extractfile(member) if index is not None else None
                if index is not None and content is not None:
                    yield EncodedImage(index, PurePosixPath(member.name).suffix.lower(), content.read())


def _checked(source: FolderSource | TarSource, data: str) -> ImageSource:
    if len(source.classes) < 2:
        message = f"{data} holds images of {len(source.classes)} classes; two are needed, each in a folder of its own."
        raise DataError(message)
    return source


def _sort_out(files: Sequence[PurePosixPath]) -> tuple[list[PurePosixPath], list[str]]:
    """Part the labelled images from everything else, and say in a line each what else there was."""
    images = [path for path in files if path.suffix.lower() in SUFFIXES]
    clutter = [path for path in images if path.parent.name == NO_CLASS]
    bare = [path for path in images if path.parent.name in ("", ".", "..")]
    others = len(files) - len(images)
    groups = [
        (others, f"{counted(others, 'file')} without an image in it ({_examples(files, images)})"),
        (len(clutter), f"{counted(len(clutter), 'image')} of {NO_CLASS}, which is no class"),
        (len(bare), f"{counted(len(bare), 'image')} outside any class folder ({_examples(bare, [])})"),
    ]
    dropped = {*clutter, *bare}
    return [path for path in images if path not in dropped], [said for count, said in groups if count]


def _examples(paths: Sequence[PurePosixPath], without: Sequence[PurePosixPath]) -> str:
    excluded = set(without)
    names = [str(path) for path in paths if path not in excluded]
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _encode(image: Image.Image) -> tuple[str, bytes]:
    buffer = BytesIO()
    if max(image.size) > LOSSLESS_SIDE:
        image.convert("RGB").save(buffer, "JPEG", quality=95)
        return ".jpg", buffer.getvalue()
    image.save(buffer, "PNG")
    return ".png", buffer.getvalue()


def _first_attribute(thing: object, *names: str) -> Any:
    """The first of these attributes that is there and not empty; torchvision has no one name for them."""
    return next((value for value in (getattr(thing, name, None) for name in names) if value is not None), None)


def _torchvision_dataset(name: str, downloads: Path) -> Any:
    from torchvision import datasets  # noqa: PLC0415 - seconds of imports that other data need not pay

    known = {each.lower(): each for each in datasets.__all__}
    if name not in known:
        message = f"There is no data {name!r}: no file or folder of this name, and no torchvision data set."
        raise DataError(f"{message} Give `digits`, a path, or one of torchvision's, e.g. caltech101, cifar10.")
    make = getattr(datasets, known[name])
    if "download" not in inspect.signature(make).parameters:
        raise DataError(f"torchvision cannot download {name!r} by itself. Fetch it and give the path of its folder.")
    downloads.mkdir(parents=True, exist_ok=True)
    try:
        dataset = make(root=str(downloads / name), download=True)
        image, target = dataset[0]
        int(target)
    except (TypeError, ValueError) as problem:
        raise DataError(f"torchvision's {name!r} is no image classification with one class per image.") from problem
    except (OSError, RuntimeError) as problem:
        message = f"torchvision could not download {name!r}: {problem}"
        raise DataError(
            f"{message}\nCheck the network, or fetch it yourself and give the path of its folder or tar."
        ) from problem
    if not isinstance(image, Image.Image):
        raise DataError(f"torchvision's {name!r} holds no images. Choose an image classification data set.")
    return dataset
