"""Images with a class each, embedded: of a folder, a tar, a torchvision data set, a Label Studio project."""

import numpy as np

from scripts.lab.backbones import ExportedBackbone
from scripts.lab.datasets import ImageSource
from scripts.lab.simulation.embedding import embed
from scripts.lab.simulation.errors import SimulationError
from scripts.lab.simulation.labelled import LabelledData
from scripts.lab.sources import set_aside


def read(name: str, source: ImageSource, by: ExportedBackbone) -> LabelledData:
    """Embed the images; those that can't be read are left out, and counted.

    Raises:
        SimulationError: fewer than two classes can be read.
    """
    labels, test = source.labels, set_aside(source.paths)
    files = ((image.index, image.content) for image in source.read(range(len(labels))))
    features, numbers = embed(files, len(labels), by)
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
