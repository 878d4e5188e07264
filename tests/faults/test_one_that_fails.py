"""Label Studio fails at one thing, each time, and serves all else: that one thing keeps nothing else waiting."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.loop import embed
from backend.store.records.mirror import MirroredTask
from tests.support.in_process import Backend, backend
from tests.support.small_label_studio import Answer, in_json

pytestmark = pytest.mark.faults

BROKEN: Answer = in_json(500, {"detail": "something is wrong with this one"})


@pytest.fixture
def made(tmp_path: Path, redis_url: str, backbones: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """A backend whose tasks hold two predictions each, so that the next version changes them."""
    with backend(tmp_path / "backend", redis_url, backbones, monkeypatch, per_class=6) as running:
        running.label(4)
        running.run()
        running.label()
        running.run()
        assert running.labels_learned() == 5
        yield running


def test_a_prediction_that_can_not_be_changed_keeps_no_version_back(made: Backend) -> None:
    broken: list[str] = []

    def fail_at_the_first(method: str, path: str) -> Answer | None:
        if method != "PATCH" or not path.startswith("/api/predictions/"):
            return None
        broken.append(path)
        return BROKEN if path == broken[0] else None

    made.label_studio.fault = fail_at_the_first
    made.label()
    made.run()
    assert made.labels_learned() == 6
    assert len(set(broken)) > 1
    assert made.services.queue.failing.all() == {}


def test_where_no_prediction_can_be_changed_the_version_of_before_stays(made: Backend) -> None:
    changes = lambda method, path: BROKEN if method == "PATCH" and "predictions" in path else None  # noqa: E731
    made.label_studio.fault = changes
    made.label()
    made.run()
    assert made.labels_learned() == 5
    assert made.services.queue.failing.all()[1].times == 1
    made.label_studio.fault = lambda method, path: None
    made.run()
    assert made.labels_learned() == 6


def test_new_images_come_before_those_that_can_not_be_had(made: Backend) -> None:
    project, mirror = made.label_studio.held, made.services.mirror
    gone, new = project.add_task(0), project.add_task(1)
    made.label_studio.fault = lambda method, path: BROKEN if path.endswith(".png") else None
    made.run()
    assert {task.id for task in known(made) if task.image_problem is not None} == {gone, new}
    mirror.forget_features(made.project, [new])
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert [task.id for task in mirror.tasks_to_embed(made.project, later)] == [new, gone]
    assert [task.id for task in mirror.tasks_to_embed(made.project, embed.NEVER)] == [new]


def known(made: Backend) -> list[MirroredTask]:
    return made.services.mirror.tasks(made.project)
