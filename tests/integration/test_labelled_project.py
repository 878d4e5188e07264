"""A labelled project of a real Label Studio as data for simulations and comparisons."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.lab.comparison.images import Library
from scripts.lab.datasets import DataError
from scripts.lab.sources import find
from tests.support.label_studio import RunningLabelStudio
from tests.support.project import LabelledProject

CLASSES = ("circle", "square")
SIDE = 16


def test_its_labels_are_classes_and_its_images_are_read_by_task(
    label_studio: RunningLabelStudio, make_project: Callable[..., LabelledProject], tmp_path: Path
) -> None:
    project = make_project(CLASSES, per_class=3)
    skipped, _unlabelled, *labelled = project.tasks
    project.skip(skipped)
    for task in labelled:
        project.submit(task)
    found = find(f"{label_studio.url}/projects/{project.id}", label_studio.token, tmp_path)
    data = Library(found, None, 0, tmp_path).at(SIDE)
    assert data.classes == CLASSES
    assert [data.classes[target] for target in data.targets] == [project.truth[task] for task in labelled]
    files = sorted(project.folder.glob("*.png"))[2:]
    expected = [Image.open(file).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR) for file in files]
    assert np.array_equal(data.images.transpose(0, 2, 3, 1), np.stack([np.asarray(each) for each in expected]))


def test_a_project_that_is_not_there_is_named(label_studio: RunningLabelStudio, tmp_path: Path) -> None:
    address = f"{label_studio.url}/projects/999999"
    with pytest.raises(DataError, match="projects/999999"):
        find(address, label_studio.token, tmp_path)
