"""Label a simulated project as the loop does: train, rank, answer the head of the queue, and so on."""

from dataclasses import dataclass, replace

import numpy as np

from backend.dataset import Dataset
from backend.jobs import rank, train
from backend.settings import Settings
from model import arm
from model.arrays import IntArray
from model.head import Head
from scripts.promises.worlds import World

ARM_SHARE = 0.1
STRATEGY = "margin"
"""Takes a tenth of the time of the better ones. What is promised must hold whatever chose the labels."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """A project with labels.

    Attributes:
        dataset: as a run reads it.
        order: (labels,) rows, in the order in which they were labelled.
        head: fitted on all labels; None before two classes have one.
    """

    dataset: Dataset
    order: IntArray
    head: Head | None


def unlabelled(world: World, key: str) -> Labelled:
    """The project before its first label.

    Args:
        key: of the project; another one has another random arm.
    """
    n = len(world.project.labels)
    ids = np.arange(1, n + 1)
    positions = arm.hash_positions(key, ids)
    nothing = np.zeros(n, dtype=bool)
    dataset = Dataset(
        classes=world.classes,
        task_ids=ids,
        features=world.project.features,
        targets=np.full(n, -1),
        skipped=nothing,
        arm_positions=np.where(arm.in_arm(positions, ARM_SHARE), positions, np.nan),
        counted=nothing,
        unreadable=(),
        labels={},
    )
    return Labelled(dataset, np.empty(0, dtype=np.int64), None)


def label(labelled: Labelled, world: World, count: int, batch: int, seed: int) -> Labelled:
    """Answer `count` more tasks of the queue, `batch` of them between two versions."""
    settings = Settings(strategy=STRATEGY, arm_share=ARM_SHARE, seed=seed, queue_head=batch)
    while count > 0:
        before = labelled.dataset
        queue, _ = rank.run(before, labelled.head, settings if labelled.head else _cold(settings))
        rows = np.searchsorted(before.task_ids, queue.task_ids[: min(batch, count)])
        if not len(rows):
            return labelled
        targets = before.targets.copy()
        targets[rows] = world.project.labels[rows]
        # The queue hands out the arm in hash order: each of its labels counts.
        dataset = replace(before, targets=targets, counted=before.in_arm & (targets >= 0))
        labelled = Labelled(dataset, np.concatenate([labelled.order, rows]), train.run(dataset, seed))
        count -= len(rows)
    return labelled


def _cold(settings: Settings) -> Settings:
    return settings.model_copy(update={"strategy": "random"})
