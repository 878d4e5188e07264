"""An annotator's Submit in a large project, while versions are published and old predictions are cleaned up."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.connection.api import Json
from tests.support.label_studio import RunningLabelStudio
from tests.support.pictures import picture
from tests.support.project import KINDS, LabelledProject
from tests.support.stack import RunningStack, start_stack

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

TASKS = 8_677
PICTURES = 48
OLD = "an old version"
SUBMITTING_SECONDS = 25.0
MOST_SECONDS = 2.0
# Refreshing begins as soon as no run is waiting, so that it goes on between the submits.
SETTINGS = {"IDLE_SECONDS": "0"}


@pytest.fixture
def project(label_studio: RunningLabelStudio) -> Iterator[LabelledProject]:
    """Many tasks on few pictures, so that embedding takes no time, each with an old prediction to be cleaned up."""
    made = label_studio.make_project(KINDS, per_class=0)
    addresses = []
    for number in range(PICTURES):
        path = made.folder / f"{number}.png"
        path.write_bytes(picture(number % len(KINDS), seed=number))
        addresses.append(made.address_of(path))
    tasks = made.add_addresses([addresses[number % PICTURES] for number in range(TASKS)])
    made.truth.update((task, KINDS[number % PICTURES % len(KINDS)]) for number, task in enumerate(tasks))
    old = [{"task": task, "model_version": OLD, "score": 0.5, "result": []} for task in tasks]
    made.api.send_object("POST", f"/api/projects/{made.id}/import/predictions", old)
    for task in tasks[:10]:
        made.submit(task)
    yield made
    label_studio.delete_projects()


@pytest.fixture
def stack(
    project: LabelledProject, label_studio: RunningLabelStudio, backbones: Path, tmp_path: Path
) -> Iterator[RunningStack]:
    running = start_stack(label_studio, backbones, tmp_path, more=SETTINGS)
    yield running
    running.stop()


def test_no_submit_takes_over_two_seconds_because_of_us(
    project: LabelledProject, stack: RunningStack, record_property: Callable[[str, object], None]
) -> None:
    project.attach(stack)
    project.wait_for_version(stack, seconds=120.0)
    left = predictions_by_version(project)[OLD]
    published = stack.counters()["runs:published"]
    seconds = []
    end = time.monotonic() + SUBMITTING_SECONDS
    for task in project.tasks[10:]:
        started = time.monotonic()
        project.submit(task)
        seconds.append(time.monotonic() - started)
        if time.monotonic() > end:
            break
        time.sleep(0.5)
    cleaned = left - predictions_by_version(project)[OLD]
    runs = stack.counters()["runs:published"] - published
    record_property(
        "measured", f"{len(seconds)} submits, {max(seconds):.2f} s at most, {runs:.0f} versions, {cleaned} cleaned"
    )
    assert max(seconds) <= MOST_SECONDS
    assert runs >= 2
    assert cleaned > 0


def predictions_by_version(project: LabelledProject) -> dict[str, int]:
    """How many predictions Label Studio holds of each version."""
    counted: Json = project.api.get_object(f"/api/projects/{project.id}/model-versions/")
    return {name: int(count) for name, count in counted.items()}
