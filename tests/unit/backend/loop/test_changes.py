"""What is new in a project, and whether it calls for another version."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from backend.store.dataset import Dataset
from backend.store.versions import Version
from tests.unit.backend.drawn import drawn
from tests.unit.backend.loop.conftest import LABELS, TASKS, Compare, Make


def moved(data: Dataset, task: int) -> Dataset:
    """The project after somebody has answered a task again."""
    label = data.labels[task]
    return replace(data, labels=data.labels | {task: replace(label, updated_at=label.updated_at + timedelta(hours=1))})


def test_a_project_without_a_version_needs_one(compare: Compare, data: Dataset) -> None:
    changes = compare(data)
    assert changes.call_for_version(least_labels=1)
    assert changes.labels == data.labels.keys()


def test_nothing_new_calls_for_no_version(compare: Compare, data: Dataset, active: Version) -> None:
    assert not compare(data, active).call_for_version(least_labels=1)


def test_a_label_calls_for_a_version_as_soon_as_enough_have_changed(
    compare: Compare, data: Dataset, active: Version
) -> None:
    changes = compare(moved(data, 1), active)
    assert changes.call_for_version(least_labels=1)
    assert not changes.call_for_version(least_labels=2)


def test_another_setting_calls_for_a_head(compare: Compare, data: Dataset, active: Version) -> None:
    assert compare(replace(data, backbone="another"), active).call_for_head()


def test_labels_that_made_a_rejected_version_are_not_tried_again(
    compare: Compare, worse: Dataset, active: Version, rejected: Version
) -> None:
    changes = compare(worse, active, rejected)
    assert changes.labels
    assert not changes.call_for_version(least_labels=1)


def test_the_next_label_tries_again(compare: Compare, worse: Dataset, active: Version, rejected: Version) -> None:
    assert compare(moved(worse, LABELS), active, rejected).call_for_head()


def test_new_tasks_call_for_a_queue_once(
    compare: Compare, make: Make, worse: Dataset, active: Version, rejected: Version
) -> None:
    more = replace(drawn(TASKS + 5, 0, 0), targets=np.append(worse.targets, [-1] * 5), labels=worse.labels)
    assert compare(more, active, rejected).call_for_version(least_labels=1)
    assert not compare(more, make(more, active, rejected), rejected).call_for_version(least_labels=1)
