"""What a network is trained on: a project's labels outside the holdout, and their images on this disk.

images.npy          uint8 (n, 3, side, side)
material.json       task, class and side of each
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backend.errors import OperatorError
from backend.project import Project
from backend.store.dataset import Dataset
from model import holdout
from model.arrays import BoolArray, IntArray
from model.training.duplicates import near_duplicate_groups
from model.training.lasting import held_back
from model.training.splits import TrainingSplit

IMAGES, SHEET = "images.npy", "material.json"
LEAST = 20
"""Images to train on below which a network only learns them by heart."""

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What a network is trained on.

    Attributes:
        images: uint8 (n, 3, side, side), on disk until they are looked at.
        task_ids: (n,) int64, in the order in which their images came.
        targets: (n,) int64 index into `classes`.
        classes: names, those with an image to train on.
        split: of the rows; none is for testing: the holdout is there for that.
    """

    images: Pixels
    task_ids: IntArray
    targets: IntArray
    classes: tuple[str, ...]
    split: TrainingSplit

    @property
    def learned(self) -> dict[int, str]:
        """Class by task, of those that are trained on."""
        rows = self.split.train
        tasks, targets = self.task_ids[rows].tolist(), self.targets[rows].tolist()
        return {task: self.classes[target] for task, target in zip(tasks, targets, strict=True)}


def validation(project: Project, data: Dataset, near_duplicate: float, learned: Collection[int]) -> BoolArray:
    """(n,) labelled tasks outside the holdout that no training may learn from.

    Args:
        project: whose key decides.
        data: the project as it is.
        near_duplicate: see `model.training.duplicates`.
        learned: tasks that the backbone in use learned from. They should not be among the others, but what is a
            near-duplicate of what depends on the features, and so on the backbone.
    """
    if data.points is None or not data.labelled.any():
        return np.zeros(len(data.task_ids), dtype=bool)
    groups = near_duplicate_groups(data.points, near_duplicate)
    held = held_back(holdout.hash_positions(project.key, data.task_ids), groups)
    return held & data.labelled & ~data.in_holdout & ~np.isin(data.task_ids, list(learned))


@dataclass(frozen=True, eq=False)
class Chosen:
    """What a network is to be trained on, before its images are here.

    Attributes:
        task_ids: (n,) int64, ascending.
        targets, classes: as those of `TrainingSet`.
        held: (n,) bool, tasks that choose the best epoch.
    """

    task_ids: IntArray
    targets: IntArray
    classes: tuple[str, ...]
    held: BoolArray


def choose(data: Dataset, held: BoolArray) -> Chosen:
    """The labelled tasks outside the holdout, of classes that there is something to learn of.

    Args:
        data: the project.
        held: (n,) of `validation`.

    Raises:
        OperatorError: too few labels to train on.
    """
    train = data.labelled & ~data.in_holdout & ~held
    classes = np.unique(data.targets[train])
    rows = np.flatnonzero((train | held) & np.isin(data.targets, classes))
    chosen = Chosen(
        task_ids=data.task_ids[rows],
        targets=np.searchsorted(classes, data.targets[rows]),
        classes=tuple(data.classes[index] for index in classes),
        held=held[rows],
    )
    if train.sum() < LEAST or len(classes) < 2 or not chosen.held.any():
        raise OperatorError(
            f"Too few labels to fine-tune: {int(train.sum())} to train on, of {len(classes)} classes, and "
            f"{int(chosen.held.sum())} to choose the best epoch by. Those of the holdout are never trained on. "
            f"Label on: {LEAST} to train on, of two classes, and 1 to choose by are the least."
        )
    return chosen


def load(folder: Path) -> TrainingSet:
    """What `backend.finetune.collect` brought into a folder."""
    sheet = json.loads((folder / SHEET).read_text())
    held = np.array(sheet["held"], dtype=bool)
    return TrainingSet(
        images=np.load(folder / IMAGES, mmap_mode="r")[: len(held)],
        task_ids=np.array(sheet["tasks"], dtype=np.int64),
        targets=np.array(sheet["targets"], dtype=np.int64),
        classes=tuple(sheet["classes"]),
        split=TrainingSplit(np.flatnonzero(~held), np.flatnonzero(held), np.zeros(0, dtype=np.int64)),
    )
