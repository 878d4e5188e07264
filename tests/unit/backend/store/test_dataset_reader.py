"""What is read of a project for a run: which labels measure a head, and what is asked for last."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.label_studio import config
from backend.label_studio.client import ProjectState
from backend.label_studio.provenance import Provenance
from backend.project import Project
from backend.store import database
from backend.store.autolabelings import AutolabelingStore
from backend.store.dataset import Dataset, DatasetReader
from backend.store.features import FeatureStore
from backend.store.geometry import GeometryStore
from backend.store.labels import Annotation
from backend.store.mirror import Mirror
from backend.store.records.foreign import ForeignPrediction
from backend.store.records.mirror import PulledTask
from model.backbone.backbone import Backbone
from scripts.stack.image_project import label_config

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LABELING = config.read(label_config(["cat", "dog"]))
PROJECT = Project("http://label-studio.example", 7)
BACKBONE = Backbone("b", "b1", 8, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 4)
Read = Callable[..., Dataset]


def annotation(task: int, **fields: Any) -> Annotation:
    """Somebody's answer, a minute after the task came to be."""
    at = BEGIN + timedelta(minutes=1)
    values: dict[str, Any] = {"id": task, "choice": "cat", "created_at": at, "updated_at": at, **fields}
    return Annotation(task_id=task, skipped=False, ground_truth=False, completed_by=1, **values)


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Read]:
    """Reads a project of these annotations, one a task, all tasks in the holdout."""
    url = f"sqlite:///{tmp_path / 'mirror.sqlite3'}"
    engine = database.connect(url)
    database.migrate(url, tmp_path / "lock")
    mirror, features = Mirror(engine), FeatureStore(tmp_path / "features")
    mirror.record_state(PROJECT, ProjectState("x", "", "", "", 0, 0, 0), None)

    def reading(
        *annotations: Annotation, imports_are_truth: bool = False, foreign: Sequence[ForeignPrediction] = ()
    ) -> Dataset:
        mirror.apply(
            PROJECT, [PulledTask(each.task_id, "a.png", BEGIN, each.updated_at, (each,)) for each in annotations]
        )
        hashes = {each.task_id: f"{each.task_id:064}" for each in annotations}
        features.add(BACKBONE, {key: np.full(4, task, dtype=np.float16) for task, key in hashes.items()})
        mirror.record_images(PROJECT, hashes, {})
        mirror.replace_foreign(PROJECT, {each.task_id: each for each in foreign})
        mirror.record_foreign_look(PROJECT, BEGIN, f"{len(foreign)} predictions")
        stores = (GeometryStore(tmp_path / "geometry"), AutolabelingStore(tmp_path / "autolabel"))
        reader = DatasetReader(mirror, features, *stores, 1.0, 0, imports_are_truth)
        return reader.read(PROJECT, LABELING, BACKBONE)

    yield reading
    engine.dispose()


@pytest.mark.fault("R15")
def test_an_annotation_that_nobody_looked_at_measures_nothing_and_teaches_nothing(read: Read) -> None:
    data = read(annotation(1), annotation(2, provenance=Provenance.UNSEEN))
    assert (data.counted.tolist(), data.labelled.tolist()) == ([True, False], [True, False])
    assert (data.label_counts.people, data.label_counts.unseen) == (1, 1)


@pytest.mark.fault("R15")
def test_an_import_teaches_and_measures_nothing(read: Read) -> None:
    data = read(annotation(1), annotation(2, provenance=Provenance.IMPORTED))
    assert (data.counted.tolist(), data.labelled.tolist()) == ([True, False], [True, True])


@pytest.mark.fault("R10")
def test_what_people_correct_of_an_import_is_no_random_draw_and_measures_nothing(read: Read) -> None:
    read(annotation(1, provenance=Provenance.IMPORTED))
    data = read(annotation(1, choice="dog", updated_at=BEGIN + timedelta(hours=1)))
    assert (data.counted.tolist(), data.targets.tolist()) == ([False], [1])


@pytest.mark.fault("R10")
def test_imports_that_are_the_truth_measure(read: Read) -> None:
    made = annotation(1, provenance=Provenance.IMPORTED)
    truth = Annotation(**{**vars(made), "ground_truth": True})
    assert read(truth, imports_are_truth=True).counted.tolist() == [True]


@pytest.mark.fault("R15")
def test_tasks_that_nobody_will_be_handed_do_not_stand_in_the_way_of_the_holdout(read: Read) -> None:
    unseen = [annotation(task, provenance=Provenance.UNSEEN) for task in range(1, 60)]
    data = read(*unseen, annotation(60, created_at=BEGIN + timedelta(hours=1)))
    assert data.counted.tolist() == 59 * [False] + [True]


@pytest.mark.parametrize(
    "fields", [{"provenance": Provenance.UNSEEN}, {"choice": None, "odd": True}, {"choice": "gone"}, {"choice": None}]
)
def test_an_annotated_task_without_a_label_is_asked_for_last(read: Read, fields: dict[str, Any]) -> None:
    data = read(annotation(1), annotation(2, **fields))
    assert (data.skipped.tolist(), data.pool.tolist()) == ([False, True], [False, True])


def test_other_models_are_told_apart_by_their_versions_not_by_how_much_they_predicted(read: Read) -> None:
    def name(*foreign: ForeignPrediction) -> str:
        data = read(annotation(1), annotation(2), foreign=foreign)
        assert data.foreign is not None
        return data.foreign.name

    first, second = (ForeignPrediction(task, "cat", 0.5, "clip") for task in (1, 2))
    assert name(first) == name(first, second)
    assert name(first) != name(ForeignPrediction(1, "cat", 0.5, "sam"))
