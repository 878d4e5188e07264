"""Tasks and annotations as Label Studio may send them: nothing in them stops a project, or is lost unsaid."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.label_studio import config
from backend.label_studio.client import ProjectState
from backend.label_studio.provenance import Provenance
from backend.project import Project
from backend.store import database
from backend.store.labels import count, resolve
from backend.store.mirror import Mirror
from backend.store.pulled import LONG_AGO, read_tasks, with_annotations
from backend.store.records.mirror import PulledTask
from scripts.stack.image_project import label_config
from tests.support.odd import ANYTHING, odd

LABELING = config.read(label_config(["red", "blue"]))
PROJECT = Project("http://label-studio.example", 7)
TIMES = st.datetimes().map(lambda made: made.isoformat()) | st.just("2026-11-28T18:17:53.939390Z")
REGIONS = odd(
    {
        "from_name": st.sampled_from(["choice", "gone"]),
        "type": st.just("choices"),
        "value": odd({"choices": st.lists(st.sampled_from(["red", "green"]), max_size=2)}),
        "meta": odd({"label_loop": odd({"certificate": st.text()})}),
    }
)
ANNOTATIONS = odd(
    {
        "id": st.integers(1, 5),
        "result": st.lists(REGIONS | ANYTHING, max_size=3),
        "was_cancelled": st.booleans(),
        "ground_truth": st.booleans(),
        "completed_by": st.integers(1, 3) | odd({"id": st.integers(1, 3)}),
        "updated_by": st.none() | st.integers(1, 3),
        "created_at": TIMES,
        "updated_at": TIMES,
        "lead_time": st.none() | st.floats(0, 100),
        "parent_prediction": st.none() | st.integers(1, 3),
        "parent_annotation": st.none() | st.integers(1, 3),
    }
)


def number_of(annotation: Any) -> Any:
    return repr(annotation.get("id")) if isinstance(annotation, dict) else repr(annotation)


TASKS = odd(
    {
        "id": st.integers(1, 3),
        "data": odd({"image": st.just("/data/upload/1/a.png")}),
        "created_at": TIMES,
        "updated_at": TIMES,
        "annotations": st.lists(ANNOTATIONS | ANYTHING, max_size=4, unique_by=number_of),
    }
)


def annotated(**fields: Any) -> dict[str, Any]:
    """A task with one annotation, as Label Studio 1.23 sends a person's."""
    annotation = {
        "id": 5,
        "result": [{"from_name": "choice", "to_name": "image", "type": "choices", "value": {"choices": ["red"]}}],
        "was_cancelled": False,
        "ground_truth": False,
        "completed_by": 1,
        "updated_by": 1,
        "created_at": "2026-11-28T18:17:54.058172Z",
        "updated_at": "2026-11-28T18:17:54.058200Z",
        "lead_time": 1.5,
        "parent_prediction": None,
        "parent_annotation": None,
    }
    task = {
        "id": 1,
        "data": {"image": "a.png"},
        "created_at": "2026-11-28T18:00:00Z",
        "updated_at": annotation["updated_at"],
    }
    return {**task, "annotations": [{**annotation, **fields}]}


def read(**fields: Any) -> PulledTask:
    return with_annotations(annotated(**fields), LABELING)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirror]:
    folder: Path = tmp_path_factory.mktemp("mirror")
    url = f"sqlite:///{folder / 'mirror.sqlite3'}"
    engine = database.connect(url)
    database.migrate(url, folder / "lock")
    made = Mirror(engine)
    made.record_state(PROJECT, ProjectState("x", "", "", "", 0, 0, 0), None)
    yield made
    engine.dispose()


@pytest.mark.fault("R7")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.lists(TASKS | ANYTHING, max_size=3, unique_by=number_of))
def test_whatever_label_studio_sends_is_read_kept_and_resolved(mirror: Mirror, listed: list[Any]) -> None:
    mirror.remove_tasks(PROJECT, range(1, 4))
    mirror.apply(PROJECT, read_tasks(listed, LABELING, annotated=False))
    mirror.apply(PROJECT, _of_one_task_each(read_tasks(listed, LABELING, annotated=True)))
    kept = mirror.annotations(PROJECT)
    labels = resolve(kept, LABELING.current)
    counts = count(kept, labels, LABELING.current)
    mirror.record_label_counts(PROJECT, counts)
    mirrored = mirror.project(PROJECT)
    assert mirrored is not None
    assert mirrored.label_counts == counts
    assert set(labels) <= {each.task_id for each in kept}


def test_an_annotations_number_that_another_task_has_by_now_is_its(mirror: Mirror) -> None:
    for task in (11, 12):
        mirror.apply(PROJECT, read_tasks([{"id": task, "annotations": [{"id": 4}]}], LABELING, annotated=True))
    assert [(each.id, each.task_id) for each in mirror.annotations(PROJECT)] == [(4, 12)]


def _of_one_task_each(tasks: list[PulledTask]) -> list[PulledTask]:
    """As Label Studio numbers them: no annotation has the number of another task's."""
    seen: set[int] = set()
    kept = []
    for task in tasks:
        numbers = {each.id for each in task.annotations or ()}
        if not numbers & seen:
            kept.append(task)
            seen |= numbers
    return kept


ODD_RESULTS = [
    [{"from_name": "choice", "type": "choices", "value": ["red"]}],
    [{"from_name": "choice", "type": "choices", "value": {"choices": "red"}}],
    [{"from_name": "choice", "type": "choices", "value": {"choices": ["red", "blue"]}}],
    [{"from_name": "choice", "type": "choices", "value": None}],
    [{"from_name": "choice", "type": "rating", "value": {"rating": 3}}],
    [None],
    ["red"],
    "red",
    5,
    {},
    True,
]


@pytest.mark.fault("R7")
@pytest.mark.parametrize("result", ODD_RESULTS, ids=repr)
def test_an_annotation_that_cannot_be_read_is_kept_as_an_odd_one_and_counted(result: object) -> None:
    (annotation,) = read(result=result).annotations or ()
    assert (annotation.choice, annotation.odd) == (None, True)
    counts = count([annotation], {}, LABELING.current)
    assert counts.odd == 1
    assert "1 annotations can't be read" in counts.without_effect()[0]


@pytest.mark.parametrize("result", [None, [], [{"from_name": "choice", "type": "choices", "value": {"choices": []}}]])
def test_an_annotation_without_an_answer_is_empty_and_not_odd(result: object) -> None:
    (annotation,) = read(result=result).annotations or ()
    assert (annotation.choice, annotation.odd) == (None, False)


@pytest.mark.fault("R7")
def test_an_odd_field_beside_a_good_answer_costs_no_label() -> None:
    fields = {"lead_time": 10**400, "completed_by": "me", "created_at": 5, "updated_at": None}
    (annotation,) = read(**fields).annotations or ()
    assert (annotation.choice, annotation.odd, annotation.lead_time, annotation.completed_by) == (
        "red",
        False,
        None,
        None,
    )
    assert annotation.created_at == annotation.updated_at == read().updated_at


def test_a_time_without_a_zone_is_taken_for_utc() -> None:
    (annotation,) = read(updated_at="2026-11-28T18:17:54").annotations or ()
    assert annotation.updated_at.isoformat() == "2026-11-28T18:17:54+00:00"


def test_a_task_whose_times_cannot_be_read_is_an_old_one() -> None:
    task = with_annotations({**annotated(), "created_at": "soon", "updated_at": {}}, LABELING)
    assert (task.created_at, task.updated_at) == (LONG_AGO, LONG_AGO)


@pytest.mark.fault("R15")
@pytest.mark.parametrize("parent", ["parent_prediction", "parent_annotation"])
def test_an_annotation_that_label_studio_made_of_another_thing_is_unseen(parent: str) -> None:
    (annotation,) = read(updated_by=None, lead_time=None, **{parent: 3}).annotations or ()
    assert annotation.provenance is Provenance.UNSEEN


def test_a_prediction_that_somebody_submitted_is_a_persons_answer() -> None:
    (annotation,) = read(parent_prediction=3).annotations or ()
    assert annotation.provenance is Provenance.PERSON


@pytest.mark.fault("R10")
def test_an_annotation_that_nobody_touched_since_its_import_is_an_import() -> None:
    fields = {"updated_by": None, "ground_truth": True}
    for lead_time in (None, 12.0):
        (annotation,) = read(**fields, lead_time=lead_time).annotations or ()
        assert annotation.provenance is Provenance.IMPORTED


@pytest.mark.fault("R10")
def test_an_import_that_somebody_marks_or_changes_is_a_persons() -> None:
    (annotation,) = read(ground_truth=True, lead_time=None, updated_at="2026-11-28T18:20:00Z").annotations or ()
    assert annotation.provenance is Provenance.PERSON


def test_an_annotation_of_a_deleted_account_stays_a_persons() -> None:
    (annotation,) = read(updated_by=None, completed_by=None).annotations or ()
    assert annotation.provenance is Provenance.PERSON
