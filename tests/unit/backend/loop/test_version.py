"""What is made of labels: a version, or one that is rejected."""

from dataclasses import replace

import numpy as np

from backend.store.dataset import Dataset
from backend.store.versions import Version
from tests.unit.backend.drawn import CLASSES, drawn
from tests.unit.backend.loop.conftest import HOLDOUT, TASKS, Make


def test_the_first_labels_make_a_version(make: Make, data: Dataset) -> None:
    made = make(data)
    assert made.head is not None
    assert [task for task, _ in made.record.out_of_fold] == list(range(1, HOLDOUT + 1))
    assert (made.is_rejected, made.origin) == (False, made.name)


def test_a_version_that_is_worse_beyond_chance_is_rejected(rejected: Version) -> None:
    assert rejected.record.promotion is not None
    assert "worse beyond chance" in rejected.record.promotion.text


def test_a_version_of_other_classes_is_never_rejected(make: Make, worse: Dataset, active: Version) -> None:
    made = make(replace(worse, classes=(*CLASSES, "yak")), active)
    assert made.record.promotion is None


def test_a_version_from_before_rejection_rejects_nothing(make: Make, worse: Dataset, active: Version) -> None:
    older = replace(active, record=replace(active.record, out_of_fold=()))
    assert not make(worse, older).is_rejected


def test_new_tasks_get_a_place_though_the_head_stays(
    make: Make, worse: Dataset, active: Version, rejected: Version
) -> None:
    more = replace(drawn(TASKS + 5, 0, 0), targets=np.append(worse.targets, [-1] * 5), labels=worse.labels)
    made = make(more, active, rejected)
    assert made.head is active.head
    assert (made.record.labels, made.origin) == (active.record.labels, active.name)
    assert set(range(TASKS + 1, TASKS + 6)) <= set(made.task_ids.tolist())
