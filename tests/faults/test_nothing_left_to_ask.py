"""A version is published, too, where no task is left that is worth asking for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.in_process import Backend, backend

pytestmark = pytest.mark.faults


@pytest.fixture
def made(tmp_path: Path, redis_url: str, backbones: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    with backend(tmp_path / "backend", redis_url, backbones, monkeypatch, per_class=3) as running:
        running.label(2)
        running.run()
        yield running


def test_the_last_label_of_a_project_is_learned(made: Backend) -> None:
    made.label(4)
    made.run()
    assert made.labels_learned() == 6


def test_labels_are_learned_while_the_image_of_every_other_task_is_missing(made: Backend) -> None:
    for number in list(made.label_studio.held.tasks)[2:]:
        made.label_studio.held.tasks[number]["data"]["image"] = f"/data/upload/gone/{number}"
    for number in (9, 10):
        made.label_studio.held.add_task(0)
        made.label_studio.held.tasks[len(made.label_studio.held.tasks)]["data"]["image"] = f"/gone/{number}"
    made.label(4)
    made.run()
    assert made.labels_learned() == 6
