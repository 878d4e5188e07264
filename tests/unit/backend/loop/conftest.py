"""A project of drawn features, and versions of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.loop.changes import Changes
from backend.loop.stopwatch import Stopwatch
from backend.loop.version import make_version, recorded_settings
from backend.settings import Settings
from backend.store.dataset import Dataset
from backend.store.versions import Version
from tests.unit.backend.drawn import CLASSES, drawn, label

TASKS, LABELS, HOLDOUT = 60, 40, 30

Compare = Callable[..., Changes]
Make = Callable[..., Version]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(model_dir=tmp_path)


@pytest.fixture
def compare(settings: Settings) -> Compare:
    """`compare(data, active, rejected)`: what is new in a project."""

    def compared(data: Dataset, active: Version | None = None, rejected: Version | None = None) -> Changes:
        return Changes.since(active, data, recorded_settings(settings, data), rejected)

    return compared


@pytest.fixture
def make(settings: Settings, compare: Compare) -> Make:
    """`make(data, active, rejected)`: the project's next version."""

    def made(data: Dataset, active: Version | None = None, rejected: Version | None = None) -> Version:
        fresh = compare(data, active, rejected).call_for_head()
        return make_version(data, active, settings, Stopwatch(lambda: None), fresh=fresh)

    return made


@pytest.fixture
def data() -> Dataset:
    return drawn(TASKS, LABELS, HOLDOUT)


@pytest.fixture
def active(make: Make, data: Dataset) -> Version:
    """A version that has predicted each holdout label rightly."""
    version = make(data)
    counted = data.task_ids[data.counted].tolist()
    out_of_fold = tuple((task, data.labels[task].choice) for task in counted)
    return replace(version, record=replace(version.record, out_of_fold=out_of_fold))


@pytest.fixture
def worse(data: Dataset) -> Dataset:
    """The project with wrong labels on every task outside the holdout: they make a head worse on the holdout."""
    rng = np.random.default_rng(1)
    wrong = np.flatnonzero(~data.counted)
    targets = data.targets.copy()
    targets[wrong] = (targets[wrong] + 1 + rng.integers(2, size=len(wrong))) % len(CLASSES)
    labels = dict(data.labels)
    for row in wrong.tolist():
        task = int(data.task_ids[row])
        labels[task] = label(task, CLASSES[targets[row]])
    return replace(data, targets=targets, labels=labels)


@pytest.fixture
def rejected(make: Make, worse: Dataset, active: Version) -> Version:
    made = make(worse, active)
    assert made.is_rejected
    return made
