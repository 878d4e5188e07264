"""The work-horse is killed while it labels automatically and while it takes back: no task has two, none is lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.cli.backend_client import Backend
from tests.faults.rig import Rig, rig
from tests.faults.worker_with_fault import KILL_HORSE
from tests.support.label_studio import RunningLabelStudio
from tests.support.waiting import until

pytestmark = pytest.mark.faults

# What was cut off is found soon, and no poll helps.
SETTINGS = {"LEASE_SECONDS": "2", "POLL_SECONDS": "600", "HOLDOUT_SHARE": "0"}
KILLS = 2
PER_CLASS = 8


@pytest.fixture
def broken(label_studio: RunningLabelStudio, backbones: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(label_studio, backbones, tmp_path, SETTINGS, PER_CLASS) as made:
        yield made


def test_a_kill_leaves_no_task_with_two_automatic_annotations_and_none_lost(broken: Rig) -> None:
    backend = Backend(broken.stack.url, broken.project.id, "autolabel", None, None)
    persons = annotations(broken)
    backend.request("propose", threshold=0.0)
    wait_for(backend, "ready", broken)
    kill_during(broken, "annotated", backend, "apply")
    status = wait_for(backend, "applied", broken)
    after = annotations(broken)
    assert {task: len(made) for task, made in after.items()} == dict.fromkeys(broken.project.tasks, 1)
    assert {task: made for task, made in after.items() if persons[task]} == {
        task: made for task, made in persons.items() if made
    }
    assert status["done"] == status["total"] == len([task for task, made in persons.items() if not made])

    kill_during(broken, "taken back", backend, "undo")
    wait_for(backend, "undone", broken)
    assert annotations(broken) == persons


def kill_during(broken: Rig, place: str, backend: Backend, action: str) -> None:
    """Ask for something, and kill the work-horse right after a write, again and again."""
    broken.arm(place, KILL_HORSE)
    backend.request(action)
    for _ in range(KILLS - 1):
        broken.wait_until_reached()
        broken.arm(place, KILL_HORSE)
    broken.wait_until_reached()


def wait_for(backend: Backend, phase: str, broken: Rig) -> dict[str, Any]:
    """Wait until nothing is being done; how far it is then."""

    def done() -> dict[str, Any] | None:
        status = backend.status()
        return None if status["working"] else status

    status = until(done, phase, pause=0.5, more=broken.stack.log_tail)
    assert status["phase"] == phase, status
    return status


def annotations(broken: Rig) -> dict[int, list[int]]:
    """Ids of all annotations by task."""
    path = f"/api/projects/{broken.project.id}/export?exportType=JSON&download_all_tasks=true"
    return {int(task["id"]): [each["id"] for each in task["annotations"]] for task in broken.project.api.get(path)}
