"""Label a simulated project as the loop does: train, rank, answer the head of the queue, and so on."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from backend.loop import rank, train
from backend.settings import Settings
from backend.store.dataset import Dataset
from backend.store.labels import Label
from model import geometry, holdout
from model.arrays import IntArray
from model.head.head import Head
from model.rank.registry import AUTO
from scripts.lab.trust.worlds import World

SEED = 0
"""Of the backend, as users leave it."""

FIRST_ANSWER = datetime(2026, 1, 1, tzinfo=UTC)
HOLDOUT_SHARE = 0.1
STRATEGY = "margin"
"""Takes a tenth of the time of the better ones. What is promised must hold whatever chose the labels."""


@dataclass(frozen=True, eq=False)
class LabelledWorld:
    """A project with labels.

    Attributes:
        dataset: as a run reads it.
        order: (labels,) rows, in the order in which they were labelled.
        head: the quick one, fitted on all labels; None before two classes have one.
    """

    dataset: Dataset
    order: IntArray
    head: Head | None


def unlabelled(world: World, key: str) -> LabelledWorld:
    """The project before its first label.

    Args:
        world: where its images come from.
        key: of the project; another one has another holdout.
    """
    n = len(world.project.labels)
    ids = np.arange(1, n + 1)
    positions = holdout.hash_positions(key, ids)
    nothing = np.zeros(n, dtype=bool)
    dataset = Dataset(
        classes=world.classes,
        task_ids=ids,
        features=world.project.features,
        targets=np.full(n, -1),
        skipped=nothing,
        holdout_positions=np.where(holdout.in_holdout(positions, HOLDOUT_SHARE), positions, np.nan),
        counted=nothing,
        unreadable=(),
        labels={},
        points=geometry.points(world.project.features, SEED),
    )
    return LabelledWorld(dataset, np.empty(0, dtype=np.int64), None)


def label(
    labelled: LabelledWorld, world: World, count: int, batch: int, seed: int = SEED, strategy: str = STRATEGY
) -> LabelledWorld:
    """Answer `count` more tasks of the queue, `batch` of them between two versions; fewer where no more are left."""
    settings = Settings(strategy=strategy, holdout_share=HOLDOUT_SHARE, seed=seed, queue_head=batch)
    cold = settings if strategy == AUTO else settings.model_copy(update={"strategy": "random"})
    while count > 0 and labelled.dataset.pool.any():
        before = labelled.dataset
        queue, _ = rank.run(before, labelled.head, cold if labelled.head is None else settings)
        rows = np.searchsorted(before.task_ids, queue.task_ids[: min(batch, count)])
        dataset = _answer(before, world, rows)
        labelled = LabelledWorld(dataset, np.concatenate([labelled.order, rows]), train.run(dataset))
        count -= len(rows)
    return labelled


def _answer(dataset: Dataset, world: World, rows: IntArray) -> Dataset:
    """The dataset with the true labels of these rows, given one a second, in this order."""
    targets, labels = dataset.targets.copy(), dict(dataset.labels)
    targets[rows] = world.project.labels[rows]
    for row in rows.tolist():
        task, at = int(dataset.task_ids[row]), FIRST_ANSWER + timedelta(seconds=len(labels))
        labels[task] = Label(task, world.classes[targets[row]], (task,), at, at)
    # The queue hands out the holdout in hash order: each of its labels counts.
    return replace(dataset, targets=targets, labels=labels, counted=dataset.in_holdout & (targets >= 0))
