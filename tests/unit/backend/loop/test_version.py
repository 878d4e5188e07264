"""What becomes of labels: a version, none, or one that is rejected."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from backend.loop.stopwatch import Stopwatch
from backend.loop.version import Making, figures, was_rejected_for
from backend.services import Services
from backend.settings import Settings
from backend.store.dataset import Dataset
from backend.store.versions import Version
from tests.unit.backend.drawn import CLASSES, drawn, label

TASKS, LABELS, HOLDOUT = 60, 40, 30

Prepare = Callable[..., Making]


@pytest.fixture
def prepare(tmp_path: Path) -> Prepare:
    """`prepare(data, active, rejected, **settings)`."""

    def prepared(
        data: Dataset, active: Version | None = None, rejected: Version | None = None, **settings: object
    ) -> Making:
        services = Services(Settings(model_dir=tmp_path, **settings))  # type: ignore[arg-type]
        return Making(data, active, rejected, services.settings, Stopwatch(lambda: None))

    return prepared


@pytest.fixture
def data() -> Dataset:
    return drawn(TASKS, LABELS, HOLDOUT)


def mislabelled(data: Dataset) -> Dataset:
    """The same, with wrong labels on every task outside the holdout."""
    rng = np.random.default_rng(1)
    wrong = np.flatnonzero(~data.counted)
    targets = data.targets.copy()
    targets[wrong] = (targets[wrong] + 1 + rng.integers(2, size=len(wrong))) % len(CLASSES)
    labels = dict(data.labels)
    for row in wrong.tolist():
        task = int(data.task_ids[row])
        labels[task] = label(task, CLASSES[targets[row]])
    return replace(data, targets=targets, labels=labels)


def always_right(version: Version, data: Dataset) -> Version:
    """The version as if it had predicted each holdout label rightly."""
    counted = data.task_ids[data.counted].tolist()
    return replace(version, record={**version.record, "out_of_fold": [[it, data.labels[it].choice] for it in counted]})


@pytest.fixture
def active(prepare: Prepare, data: Dataset) -> Version:
    return always_right(prepare(data).make(), data)


@pytest.fixture
def worse(data: Dataset) -> Dataset:
    """Labels that make a head worse on the holdout."""
    return mislabelled(data)


@pytest.fixture
def rejected(prepare: Prepare, worse: Dataset, active: Version) -> Version:
    made = prepare(worse, active).make()
    assert made.is_rejected
    return made


def test_the_first_labels_make_a_version(prepare: Prepare, data: Dataset) -> None:
    making = prepare(data)
    made = making.make()
    assert making.wanted
    assert made.head is not None
    assert [task for task, _ in made.record["out_of_fold"]] == list(range(1, HOLDOUT + 1))
    assert (made.is_rejected, made.origin) == (False, made.name)


def test_nothing_new_is_no_reason_for_another(prepare: Prepare, data: Dataset, active: Version) -> None:
    assert not prepare(data, active).wanted


def test_a_version_that_is_worse_beyond_chance_is_rejected(rejected: Version, active: Version) -> None:
    kept = figures(rejected, active)
    assert kept["kept_back"] == {"than": active.name, "why": rejected.record["promotion"]["text"]}
    assert was_rejected_for(active, kept)
    assert not was_rejected_for(rejected, kept)


def test_a_version_of_other_classes_is_never_rejected(prepare: Prepare, worse: Dataset, active: Version) -> None:
    made = prepare(replace(worse, classes=(*CLASSES, "yak")), active).make()
    assert made.record["promotion"] is None


def test_a_version_of_before_the_gate_holds_nothing_back(prepare: Prepare, worse: Dataset, active: Version) -> None:
    record = {name: value for name, value in active.record.items() if name != "out_of_fold"}
    assert not prepare(worse, replace(active, record=record)).make().is_rejected


def test_labels_that_were_rejected_are_not_tried_again(
    prepare: Prepare, worse: Dataset, active: Version, rejected: Version
) -> None:
    making = prepare(worse, active, rejected)
    assert making.changed
    assert not making.wanted


def test_the_next_label_tries_again(prepare: Prepare, worse: Dataset, active: Version, rejected: Version) -> None:
    task = LABELS
    moved = replace(worse.labels[task], updated_at=worse.labels[task].updated_at + timedelta(hours=1))
    assert prepare(replace(worse, labels=worse.labels | {task: moved}), active, rejected).wanted


def test_new_tasks_get_a_place_though_the_head_stays(
    prepare: Prepare, worse: Dataset, active: Version, rejected: Version
) -> None:
    more = replace(drawn(TASKS + 5, 0, 0), targets=np.append(worse.targets, [-1] * 5), labels=worse.labels)
    making = prepare(more, active, rejected)
    made = making.make()
    assert making.wanted
    assert made.head is active.head
    assert (made.record["labels"], made.origin) == (active.record["labels"], active.name)
    assert set(range(TASKS + 1, TASKS + 6)) <= set(made.task_ids.tolist())
    assert not prepare(more, made, rejected).wanted


def test_figures_for_the_history_need_holdout_labels_enough(prepare: Prepare) -> None:
    few, enough = (prepare(drawn(TASKS, LABELS, holdout)).make() for holdout in (5, HOLDOUT))
    assert (figures(few, None)["arm_labels"], figures(few, None)["accuracy"]) == (5, None)
    assert figures(enough, None)["labels"] == LABELS
    assert figures(enough, None)["accuracy"]["low"] < figures(enough, None)["accuracy"]["high"]
