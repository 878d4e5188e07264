"""What a run works on, cut down to what a version was made of."""

from dataclasses import replace

from backend.store import dataset
from backend.store.records.version import RecordedLabel
from tests.unit.backend.drawn import drawn


def test_labels_that_came_after_a_version_are_left_out_of_its_figures() -> None:
    data = drawn(30, 20, 10)
    recorded = [RecordedLabel.of(label) for label in data.labels.values()]
    before = dataset.with_labels(data, recorded[5:])
    assert before.task_ids[before.labelled].tolist() == list(range(6, 21))
    assert (int(before.counted.sum()), sorted(before.labels)) == (5, list(range(6, 21)))


def test_a_label_that_is_another_one_now_is_left_out_of_its_figures() -> None:
    data = drawn(30, 20, 10)
    recorded = [RecordedLabel.of(label) for label in data.labels.values()]
    corrected = replace(data.labels[7], choice="unicorn")
    assert 7 not in dataset.with_labels(replace(data, labels={**data.labels, 7: corrected}), recorded).labels


def test_a_project_with_the_labels_of_the_version_is_left_as_it_is() -> None:
    data = drawn(30, 20, 10)
    assert dataset.with_labels(data, [RecordedLabel.of(label) for label in data.labels.values()]) is data
