"""An annotator's Submit in a large project, while versions are published, the queue refreshed, or tasks labelled
automatically."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.cli.backend_client import Backend
from scripts.cli.connection.api import Json
from tests.support.label_studio import KillableLabelStudio
from tests.support.machine import Slowness
from tests.support.pictures import picture
from tests.support.project import KINDS, LabelledProject
from tests.support.stack import RunningStack, start_stack
from tests.support.waiting import until

pytestmark = pytest.mark.faults

TASKS = 3_000
PICTURES = 48
FIRST_LABELS = 10
FOREIGN = "another model"
LEAST_SECONDS = 5.0
"""Of submitting, in each phase; it goes on until what it might hold up has happened."""
MOST_SECONDS = 2.0
"""On a quiet machine."""
MOST_WAITING = 120.0
# Refreshing begins as soon as no run is waiting, so that it goes on between the submits.
SETTINGS = {"IDLE_SECONDS": "0"}


@pytest.fixture
def project(own_label_studio: KillableLabelStudio) -> Iterator[LabelledProject]:
    """Many tasks on few pictures, so that embedding takes no time, each with another model's prediction."""
    made = own_label_studio.make_project(KINDS, per_class=0)
    addresses = []
    for number in range(PICTURES):
        path = made.folder / f"{number}.png"
        path.write_bytes(picture(number % len(KINDS), seed=number))
        addresses.append(made.address_of(path))
    tasks = made.add_addresses([addresses[number % PICTURES] for number in range(TASKS)])
    made.truth.update((task, KINDS[number % PICTURES % len(KINDS)]) for number, task in enumerate(tasks))
    foreign = [{"task": task, "model_version": FOREIGN, "score": 0.5, "result": []} for task in tasks]
    made.api.send_object("POST", f"/api/projects/{made.id}/import/predictions", foreign)
    for task in tasks[:FIRST_LABELS]:
        made.submit(task)
    yield made


@pytest.fixture
def stack(
    project: LabelledProject, own_label_studio: KillableLabelStudio, backbones: Path, tmp_path: Path
) -> Iterator[RunningStack]:
    running = start_stack(own_label_studio, backbones, tmp_path, more=SETTINGS)
    yield running
    running.stop()


def test_no_submit_takes_over_two_seconds_because_of_us(
    project: LabelledProject, stack: RunningStack, record_property: Callable[[str, object], None]
) -> None:
    project.attach(stack)
    project.wait_for_version(stack)
    unlabelled = iter(project.tasks[FIRST_LABELS:])
    versions = len(stack.versions(project.id))
    while_publishing = submit_until(lambda: len(stack.versions(project.id)) >= versions + 2, project, unlabelled)
    # Without events nothing interrupts the refresh while somebody submits: worse than it ever is.
    for hook in project.api.webhooks(project.id):
        project.api.send_object("PATCH", f"/api/webhooks/{hook['id']}/", {"is_active": False})
    until(becoming_more(lambda: predictions(project)[0]), "the refresh", pause=0.5)
    while_refreshing = submit_until(becoming_more(lambda: predictions(project)[0]), project, unlabelled)
    # Nothing interrupts auto-labelling either.
    automatically = Backend(stack.url, project.id, "autolabel", None, None)
    automatically.request("propose", threshold=0.0)
    until(lambda: automatically.status()["phase"] == "ready", "the proposal", pause=0.5)
    automatically.request("apply")
    until(lambda: automatically.status()["done"] > 0, "automatic annotations", pause=0.5)
    labelling = becoming_more(lambda: int(automatically.status()["done"]))
    while_labelling = submit_until(labelling, project, unlabelled)
    for phase, took in [
        ("publishing", while_publishing),
        ("refreshing", while_refreshing),
        ("labelling", while_labelling),
    ]:
        record_property(phase, f"{max(took):.2f} s of {len(took)}")
        assert max(took) <= MOST_SECONDS, phase
    ours, foreign = predictions(project)
    assert foreign == TASKS
    assert ours <= 2 * TASKS


def becoming_more(count: Callable[[], int]) -> Callable[[], bool]:
    """Whether there are more than there were when this was made."""
    before = count()
    return lambda: count() > before


def submit_until(happened: Callable[[], bool], project: LabelledProject, tasks: Iterator[int]) -> list[float]:
    """Submit again and again; how long Label Studio took each time, as on a quiet machine."""
    took = []
    started = time.monotonic()
    with Slowness() as slowness:
        while time.monotonic() < started + LEAST_SECONDS or not happened():
            at = time.monotonic()
            assert at < started + MOST_WAITING, "what was to happen meanwhile has not"
            project.submit(next(tasks))
            took.append(time.monotonic() - at)
            time.sleep(0.3)
    return [seconds / slowness.factor for seconds in took]


def predictions(project: LabelledProject) -> tuple[int, int]:
    """How many predictions of ours, and of the other model, Label Studio holds."""
    counted: Json = project.api.get_object(f"/api/projects/{project.id}/model-versions/")
    foreign = int(counted.get(FOREIGN, 0))
    return sum(map(int, counted.values())) - foreign, foreign
