"""Projects of drawn features, as stages see them: no image, no server."""

from datetime import UTC, datetime, timedelta

import numpy as np

from backend.store.dataset import Dataset
from backend.store.labels import Label

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CLASSES = ("cat", "dog", "owl")
WIDTH = 16
BACKBONE = "drawn"


def drawn(tasks: int, labelled: int, holdout: int, seed: int = 0) -> Dataset:
    """A project with three classes that lie apart, whose first tasks are labelled.

    Args:
        tasks: in all.
        labelled: of them, the first.
        holdout: of these, the first, that are counted holdout labels.
        seed: of the features.
    """
    rng = np.random.default_rng(seed)
    classes = np.arange(tasks) % len(CLASSES)
    centres = 2 * np.eye(len(CLASSES), WIDTH)
    features = np.abs(centres[classes] + rng.normal(scale=0.5, size=(tasks, WIDTH))).astype(np.float16)
    ids = np.arange(1, tasks + 1)
    known = ids <= labelled
    in_holdout = ids <= holdout
    return Dataset(
        classes=CLASSES,
        task_ids=ids,
        features=features,
        targets=np.where(known, classes, -1),
        skipped=np.zeros(tasks, dtype=bool),
        holdout_positions=np.where(in_holdout, 0.01, np.nan),
        counted=in_holdout & known,
        unreadable=(),
        backbone=BACKBONE,
        labels={task: label(task, CLASSES[classes[task - 1]]) for task in ids[known].tolist()},
    )


def label(task: int, choice: str) -> Label:
    """A label given by one annotation, a minute after that of the task before."""
    moment = BEGIN + timedelta(minutes=task)
    return Label(task, choice, (task,), moment, moment)
