"""Another model's predictions: shown, and first in rank, until our head beats them."""

from dataclasses import replace

import numpy as np
import pytest

from backend.label_studio import config
from backend.loop import foreign
from backend.loop.predictions import predict, rank_scores
from backend.store.dataset import Dataset, ForeignOpinions
from backend.store.records.foreign import ForeignPrediction
from backend.store.versions import Version
from scripts.stack.image_project import label_config
from tests.unit.backend.drawn import CLASSES, drawn
from tests.unit.backend.loop.conftest import Make

TASKS = 60


def with_foreign(data: Dataset, right: float, name: str = "clip") -> Dataset:
    """A project with another model's predictions, this share of them right, and as sure as they are right."""
    n = len(data.task_ids)
    truth = np.arange(n) % len(CLASSES)
    good = np.random.default_rng(3).random(n) < right
    targets = np.where(good, truth, (truth + 1) % len(CLASSES))
    return replace(data, foreign=ForeignOpinions(targets, np.where(good, 0.9, 0.3), name))


def hard(data: Dataset) -> Dataset:
    """A project whose features say nothing of the classes."""
    noise = np.random.default_rng(5).normal(size=data.features.shape)
    return replace(data, features=np.abs(noise).astype(np.float16))


@pytest.fixture
def unlabelled() -> Dataset:
    return with_foreign(drawn(TASKS, 0, 0), 0.7)


def test_before_the_first_labels_foreign_predictions_lead_and_what_they_doubt_comes_first(
    make: Make, unlabelled: Dataset
) -> None:
    version = make(unlabelled)
    assert version.record.foreign_leads
    assert unlabelled.foreign is not None
    doubtful = set(unlabelled.task_ids[unlabelled.foreign.confidences < 0.5].tolist())
    first = set(version.task_ids[: len(doubtful)].tolist())
    assert len(first & doubtful) > 0.9 * len(doubtful)


def test_a_head_that_is_better_takes_over_for_good(make: Make) -> None:
    version = make(with_foreign(drawn(TASKS, 40, 10), 0.3))
    assert not version.record.foreign_leads
    assert version.record.foreign is not None
    assert "our head is used" in version.record.foreign.text
    settled = replace(version, record=replace(version.record, foreign=replace(version.record.foreign, p=0.001)))
    fewer = with_foreign(drawn(TASKS, 2, 0), 0.3)
    assert make(fewer, settled).record.foreign == settled.record.foreign
    assert make(fewer, version).record.foreign_leads


def test_a_head_that_loses_more_than_it_wins_leaves_the_lead_to_foreign_predictions(make: Make) -> None:
    data = hard(drawn(TASKS, 40, 20))
    assert make(with_foreign(data, 1.0)).record.foreign_leads


def test_a_head_of_few_holdout_labels_does_not_lead(make: Make) -> None:
    assert make(with_foreign(drawn(TASKS, 40, 4), 0.0)).record.foreign_leads


def test_other_foreign_predictions_are_compared_anew(make: Make) -> None:
    version = make(with_foreign(drawn(TASKS, 40, 10), 0.3))
    settled = replace(version, record=replace(version.record, foreign=replace(version.record.foreign, p=0.001)))
    assert make(with_foreign(hard(drawn(TASKS, 41, 20)), 1.0, "better"), settled).record.foreign_leads


def test_without_a_holdout_all_labels_judge_but_imported_ones(make: Make) -> None:
    data = with_foreign(drawn(TASKS, 40, 0), 0.3)
    assert not make(data).record.foreign_leads
    imported = replace(data, labels={task: replace(each, imported=True) for task, each in data.labels.items()})
    assert make(imported).record.foreign_leads


def test_a_project_without_foreign_predictions_compares_nothing(active: Version, data: Dataset) -> None:
    assert active.record.foreign is None
    assert foreign.run(data, active.head, None, seed=0) is None


def test_a_foreign_prediction_is_shown_as_ours_with_its_own_confidence(make: Make, unlabelled: Dataset) -> None:
    version, labeling = make(unlabelled), config.read(label_config(list(CLASSES)))
    said = {1: ForeignPrediction(1, "owl", 0.4, "clip"), 2: ForeignPrediction(2, "yak", 0.4, "clip")}
    said[3] = ForeignPrediction(3, "cat", None, "clip")
    shown = {each["task"]: each for each in predict(version, labeling, {}, [1, 2, 3, 4], rank_scores(version), said)}
    assert shown[1]["result"] == labeling.regions("owl", 0.4)
    assert {each["model_version"] for each in shown.values()} == {version.name}
    assert (shown[2]["result"], shown[4]["result"]) == ([], [])
    assert "score" not in shown[3]["result"][0]
    assert shown[1]["score"] == rank_scores(version)[1]
