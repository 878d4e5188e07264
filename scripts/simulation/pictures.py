"""Images with a class each: a folder per class, a tar of one, a torchvision data set, the digits."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from model.arrays import BoolArray
from model.backbones import Backbone
from scripts.datasets import ImageSource
from scripts.simulation.embedding import embed
from scripts.simulation.errors import SimulationError
from scripts.simulation.labelled import LabelledData

PARTS = {"train", "test"}


def read(name: str, source: ImageSource, backbone: Backbone, cache: Path) -> LabelledData:
    """Embed the images; those that can't be read are left out, and counted.

    Raises:
        SimulationError: fewer than two classes can be read.
    """
    labels, test = source.labels, set_aside(source.paths)
    files = ((image.index, image.content) for image in source.read(range(len(labels))))
    features, numbers = embed(files, len(labels), backbone, cache)
    left_out = [*source.left_out]
    if len(numbers) < len(labels):
        left_out.append(f"{len(labels) - len(numbers)} images that can't be read")
    for line in left_out:
        print(f"Left out: {line}.", flush=True)
    if not len(numbers):
        raise SimulationError(f"{name} holds no image that can be read.")
    places = {label: place for place, label in enumerate(source.classes)}
    targets = np.array([places[labels[number]] for number in numbers.tolist()], dtype=np.int64)
    return LabelledData.of(name, features, targets, tuple(source.classes), None if test is None else test[numbers])


def set_aside(paths: Sequence[str]) -> BoolArray | None:
    """Which images lie in the top folder `test`, where the only top folders are `train` and `test`; else None.

    A single folder above both is looked through.
    """
    parts = [PurePosixPath(path).parts for path in paths]
    while parts and all(len(each) > 2 for each in parts) and len({each[0] for each in parts}) == 1:
        parts = [each[1:] for each in parts]
    tops = {each[0] if len(each) > 2 else "" for each in parts}
    return np.array([each[0] == "test" for each in parts]) if tops == PARTS else None
