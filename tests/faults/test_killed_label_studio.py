"""Label Studio is killed: the loop goes on as soon as it is back, and blames no image."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.rig import Rig, pause, rig
from tests.faults.worker_with_fault import STAND
from tests.support.label_studio import KillableLabelStudio
from tests.support.machine import Slowness

pytestmark = pytest.mark.faults

DEADLINE_SECONDS = 30.0
"""On a quiet machine."""
# Images come from Label Studio, not from its disk.
SETTINGS = {"LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": ""}


@pytest.fixture(scope="module")
def broken(
    own_label_studio: KillableLabelStudio, backbones: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rig]:
    with rig(own_label_studio, backbones, tmp_path_factory.mktemp("rig"), SETTINGS) as made:
        yield made


@pytest.mark.parametrize("place", ["before embed", "head published"])
def test_a_run_that_lost_label_studio_is_taken_up_again(
    place: str, broken: Rig, own_label_studio: KillableLabelStudio, record_property: Callable[[str, object], None]
) -> None:
    broken.arm(place, STAND)
    broken.project.add_tasks(["circle"] * 3)
    broken.wait_until_reached()
    own_label_studio.process.kill()
    broken.let_go()
    pause(2.0)
    seconds = seconds_until_fresh(broken, own_label_studio)
    record_property("seconds", seconds)
    assert seconds < DEADLINE_SECONDS
    assert {each.choice for each in broken.project.predictions().values()} <= {"circle", "square"}
    assert broken.watch.wrong == []


def test_a_label_studio_that_died_while_idle_is_noticed_when_it_is_back(
    broken: Rig, own_label_studio: KillableLabelStudio, record_property: Callable[[str, object], None]
) -> None:
    own_label_studio.process.kill()
    pause(4.0)
    seconds = seconds_until_fresh(broken, own_label_studio)
    record_property("seconds", seconds)
    assert seconds < DEADLINE_SECONDS
    assert broken.watch.wrong == []


def seconds_until_fresh(broken: Rig, label_studio: KillableLabelStudio) -> float:
    """Start Label Studio, submit, and wait; seconds from Label Studio being ready, as on a quiet machine."""
    label_studio.process.start()
    label_studio.process.wait_until_ready()
    back = time.monotonic()
    broken.submit()
    with Slowness() as slowness:
        broken.wait_until_fresh()
    return round((time.monotonic() - back) / slowness.factor, 1)
