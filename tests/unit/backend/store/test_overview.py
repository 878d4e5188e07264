"""Projects in numbers, off the mirror."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from backend.causes.kinds import CauseKind
from backend.label_studio.client import ProjectState
from backend.project import Project
from backend.store.mirror import Mirror
from backend.store.overview import Overviews, ProjectOverview, UnusableImages
from backend.store.records.mirror import PulledTask

ONE = Project("http://label-studio", 1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def mirror(engine: Engine) -> Mirror:
    mirror = Mirror(engine)
    mirror.record_state(ONE, ProjectState("one", "", "", "", 0, 0, 0), None)
    mirror.apply(ONE, [PulledTask(task, f"/{task}", NOW, NOW, None) for task in range(1, 7)])
    return mirror


def test_a_project_without_a_task_is_all_zeros(engine: Engine) -> None:
    assert Overviews(engine).read(Project("http://label-studio", 2)) == ProjectOverview(pulled=False)


def test_a_project_counts_as_pulled_once_all_was_compared(engine: Engine, mirror: Mirror) -> None:
    assert not Overviews(engine).read(ONE).pulled
    mirror.set_pulled(ONE, watermark=NOW, compared_at=NOW)
    assert Overviews(engine).read(ONE).pulled


@pytest.mark.fault("R6")
def test_images_are_counted_by_cause_and_follow_what_changes(engine: Engine, mirror: Mirror) -> None:
    overviews = Overviews(engine)
    mirror.record_images(ONE, {1: "hash"}, {2: "x: gone. [not-found]", 4: "y: gone. [not-found]", 3: "not an image"})
    seen = overviews.read(ONE)
    assert (seen.tasks, seen.waiting, seen.images_unusable) == (6, 2, 3)
    assert seen.unusable == (
        UnusableImages(CauseKind.NOT_FOUND, 2, 2),
        UnusableImages(CauseKind.IMAGE_UNREADABLE, 1, 3),
    )
    mirror.record_images(ONE, {2: "hash"}, {})
    assert overviews.read(ONE).unusable[0].count == 1
