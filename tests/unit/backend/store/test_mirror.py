"""The mirror, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event

from backend.label_studio.client import ProjectState
from backend.label_studio.provenance import Provenance
from backend.project import Project
from backend.store import database
from backend.store.labels import Annotation
from backend.store.mirror import CHUNK, Mirror
from backend.store.records.mirror import Counts, HeldPredictions, PulledTask
from backend.store.schema import Base

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
STATE = ProjectState("Título ü 猫", "<View/>", "v1", "Uncertainty sampling", 3, 2, 1)
ONE, OTHER = Project("http://one.example", 7), Project("http://other.example", 7)


@pytest.fixture
def mirror(engine: Engine) -> Mirror:
    made = Mirror(engine)
    for project in (ONE, OTHER):
        made.record_state(project, STATE, None)
    return made


def annotation(number: int, task: int, **fields: object) -> Annotation:
    made = Annotation(number, task, "cat", False, False, 1, NOW, NOW)
    return replace(made, **fields)  # type: ignore[arg-type]


def pulled(number: int, *annotations: Annotation, image: str = "a.png") -> PulledTask:
    return PulledTask(number, image, NOW, NOW, annotations)


def small(address: str, task: int) -> str:
    """A spelling."""
    return f"{address.lower()} of {task}"


@pytest.mark.fault("R8")
def test_an_image_is_kept_in_its_one_spelling(engine: Engine) -> None:
    mirror = Mirror(engine, small)
    mirror.record_state(ONE, STATE, None)
    mirror.apply(ONE, [pulled(1, image="A.png")])
    assert [task.image for task in mirror.tasks(ONE)] == ["a.png of 1"]


@pytest.mark.fault("R8")
def test_another_spelling_of_its_address_costs_an_image_nothing(mirror: Mirror, engine: Engine) -> None:
    mirror.apply(ONE, [pulled(1, image="A.png"), pulled(2, image="B.png")])
    mirror.record_images(ONE, {1: "hash one", 2: "hash two"}, {})
    later = Mirror(engine, lambda address, _: address.lower())
    later.apply(ONE, [pulled(1, image="a.PNG"), pulled(2, image="c.png")])
    assert [(task.image, task.content_hash) for task in later.tasks(ONE)] == [("a.png", "hash one"), ("c.png", None)]


@pytest.mark.fault("R8")
def test_tasks_are_found_by_their_image_however_it_is_spelled(engine: Engine) -> None:
    mirror = Mirror(engine, lambda address, _: address.lower())
    mirror.record_state(ONE, STATE, None)
    mirror.apply(ONE, [pulled(1, image="A.png"), pulled(2, image="b.png")])
    assert [task.id for task in mirror.tasks_showing(ONE, {1: "a.PNG", 2: "other.png", 3: "a.png"})] == [1]


@pytest.mark.fault("R2")
def test_no_transaction_waits_for_who_spells_a_new_address(engine: Engine) -> None:
    order: list[str] = []

    def slowly(address: str, _: int) -> str:
        order.append("spelled")
        return address

    mirror = Mirror(engine, slowly)
    mirror.record_state(ONE, STATE, None)
    event.listen(engine, "begin", lambda _: order.append("begun"))
    mirror.apply(ONE, [pulled(1), pulled(2)])
    assert order == ["spelled", "spelled", "begun"]


def test_the_migrations_make_the_schema_that_the_code_uses(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrating_again_changes_nothing(engine: Engine, database_url: str, tmp_path: Path) -> None:
    Mirror(engine).record_state(ONE, STATE, None)
    database.migrate(database_url, tmp_path)
    assert Mirror(engine).project(ONE) is not None


def test_a_project_is_remembered_as_label_studio_says_it_is(mirror: Mirror) -> None:
    mirror.record_state(ONE, STATE, "a problem")
    kept = mirror.project(ONE)
    assert kept is not None
    assert (kept.title, kept.model_version, kept.problem, kept.active_version) == (STATE.title, "v1", "a problem", None)


def test_the_same_number_on_another_label_studio_is_another_project(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(1, annotation(1, 1))])
    assert (mirror.counts(ONE).tasks, mirror.counts(OTHER).tasks) == (1, 0)
    assert [each.project for each in mirror.projects()] == sorted([ONE, OTHER], key=lambda each: each.key)


def test_what_was_pulled_is_read_back(mirror: Mirror) -> None:
    made = [
        annotation(1, 1, choice="猫 \"'; DROP", ground_truth=True),
        annotation(2, 1, choice=None, skipped=True, completed_by=None, lead_time=7.25),
        annotation(3, 1, lead_time=0.0, provenance=Provenance.AUTOMATIC),
    ]
    mirror.apply(ONE, [pulled(1, *made), pulled(2)])
    assert mirror.annotations(ONE) == made
    assert [task.id for task in mirror.tasks(ONE)] == [1, 2]
    assert mirror.counts(ONE) == Counts(tasks=2, annotations=2, skipped=1)


def test_times_come_back_to_the_microsecond_whatever_their_zone(mirror: Mirror) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    mirror.apply(ONE, [replace(pulled(1), updated_at=elsewhere)])
    mirror.set_pulled(ONE, watermark=elsewhere, compared_at=elsewhere)
    kept = mirror.project(ONE)
    assert kept is not None
    assert (mirror.updated_at(ONE)[1], kept.watermark, kept.compared_at) == (NOW, NOW, NOW)


def test_a_pull_that_is_to_be_forgotten_leaves_no_watermark(mirror: Mirror) -> None:
    mirror.set_pulled(ONE, watermark=NOW, compared_at=NOW)
    mirror.forget_pulled(ONE)
    kept = mirror.project(ONE)
    assert kept is not None
    assert (kept.watermark, kept.compared_at) == (None, NOW)


def test_a_task_pulled_again_has_the_annotations_of_the_last_time(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(1, annotation(1, 1), annotation(2, 1))])
    mirror.apply(ONE, [pulled(1, annotation(2, 1, choice="dog"), annotation(3, 1))])
    assert [(each.id, each.choice) for each in mirror.annotations(ONE)] == [(2, "dog"), (3, "cat")]


def test_a_task_pulled_without_annotations_keeps_them(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(1, annotation(1, 1))])
    mirror.apply(ONE, [replace(pulled(1), annotations=None)])
    assert len(mirror.annotations(ONE)) == 1


def test_a_changed_address_forgets_the_image(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(1), pulled(2)])
    mirror.record_images(ONE, {1: "hash", 2: "other"}, {})
    mirror.apply(ONE, [pulled(1, image="b.png"), pulled(2)])
    assert [task.content_hash for task in mirror.tasks(ONE)] == [None, "other"]


def test_an_image_that_was_read_after_all_has_no_problem_left(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(1)])
    mirror.record_images(ONE, {}, {1: "404"})
    assert mirror.tasks(ONE)[0].image_problem == "404"
    mirror.record_images(ONE, {1: "hash"}, {})
    assert (mirror.tasks(ONE)[0].image_problem, mirror.tasks(ONE)[0].content_hash) == (None, "hash")


def test_removed_tasks_take_their_annotations_along(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(1, annotation(1, 1)), pulled(2, annotation(2, 2))])
    mirror.remove_tasks(ONE, [1])
    assert ([task.id for task in mirror.tasks(ONE)], [each.id for each in mirror.annotations(ONE)]) == ([2], [2])


def test_only_annotations_of_the_named_tasks_are_kept(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(1, annotation(1, 1)), pulled(2, annotation(2, 2))])
    mirror.remove_annotations(ONE, mirror.annotated(ONE) - {2})
    assert [each.task_id for each in mirror.annotations(ONE)] == [2]


def test_a_forgotten_project_leaves_nothing(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(1, annotation(1, 1))])
    mirror.forget(ONE)
    assert (mirror.project(ONE), mirror.tasks(ONE), mirror.annotations(ONE)) == (None, [], [])
    assert mirror.project(OTHER) is not None


def test_predictions_are_counted_from_before_they_are_imported(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(1), pulled(2)])
    for version in ("v1", "v2"):
        mirror.record_importing(ONE, [1])
        mirror.record_published(ONE, [1], version)
    mirror.record_importing(ONE, [2])
    assert [(task.published_version, task.predictions) for task in mirror.tasks(ONE)] == [("v2", 2), (None, 1)]
    mirror.record_predictions(ONE, {1: 1, 2: 0})
    mirror.record_unpublished(ONE, [1])
    assert [(task.published_version, task.predictions) for task in mirror.tasks(ONE)] == [(None, 1), (None, 0)]


def test_either_edition_of_a_version_counts_as_published(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(number) for number in range(1, 5)])
    mirror.record_importing(ONE, [1, 2, 3])
    for task, edition in ((1, "v1"), (2, "v1+"), (3, "v10")):
        mirror.record_published(ONE, [task], edition)
    assert mirror.published(ONE, "v1") == HeldPredictions(of_version=2, predictions=3, tasks=4)
    assert mirror.published(OTHER, "v1") == HeldPredictions(of_version=0, predictions=0, tasks=0)


def test_the_pace_is_that_of_people_lately(mirror: Mirror) -> None:
    now = datetime.now(UTC)
    given = [replace(annotation(number, 1), created_at=now, completed_by=number % 2) for number in (1, 2, 3)]
    given += [replace(annotation(4, 1, provenance=Provenance.AUTOMATIC), created_at=now, completed_by=7)]
    given += [replace(annotation(5, 1), created_at=now - timedelta(hours=1), completed_by=8)]
    mirror.apply(ONE, [pulled(1, *given)])
    pace = mirror.pace(ONE, timedelta(seconds=30))
    assert (pace.people, round(pace.per_second, 1)) == (2, 0.1)


def test_a_task_may_be_open_while_it_is_in_front_and_for_a_while_after(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(1), pulled(2), pulled(3)])
    mirror.record_front(ONE, [1, 2], timedelta(hours=1))
    assert [task.may_be_open for task in mirror.tasks(ONE)] == [True, True, False]
    mirror.record_front(ONE, [2, 3], timedelta(seconds=-1))
    assert [task.may_be_open for task in mirror.tasks(ONE)] == [False, True, True]
    mirror.record_front(ONE, [], timedelta(hours=1))
    assert [task.may_be_open for task in mirror.tasks(ONE)] == [False, True, True]


def test_more_tasks_than_a_statement_may_name_are_read_and_written(mirror: Mirror) -> None:
    numbers = range(1, 2 * CHUNK + 2)
    mirror.apply(ONE, [pulled(number) for number in numbers])
    mirror.record_importing(ONE, list(numbers))
    assert [task.id for task in mirror.tasks(ONE, list(numbers))] == list(numbers)
    assert {task.predictions for task in mirror.tasks(ONE)} == {1}


def test_tasks_count_as_labels_once_and_only_where_a_person_answered(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(1, annotation(1, 1), annotation(2, 1)), pulled(2, annotation(3, 2, skipped=True))])
    mirror.apply(ONE, [pulled(3, annotation(4, 3, provenance=Provenance.AUTOMATIC)), pulled(4)])
    assert mirror.labels(ONE) == 1


def test_what_began_as_an_import_is_known_to_after_somebody_changed_it(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(1, annotation(5, 1, provenance=Provenance.IMPORTED))])
    later = NOW + timedelta(minutes=1)
    for _ in range(2):
        mirror.apply(ONE, [pulled(1, annotation(5, 1, updated_at=later))])
        assert [(each.by_person, each.began_unseen) for each in mirror.annotations(ONE)] == [(True, True)]


def test_a_new_annotation_with_the_number_of_a_deleted_import_is_a_persons_from_the_beginning(mirror: Mirror) -> None:
    mirror.apply(ONE, [pulled(1, annotation(5, 1, provenance=Provenance.IMPORTED))])
    later = NOW + timedelta(minutes=1)
    mirror.apply(ONE, [pulled(1, annotation(5, 1, created_at=later, updated_at=later))])
    assert [each.began_unseen for each in mirror.annotations(ONE)] == [False]
