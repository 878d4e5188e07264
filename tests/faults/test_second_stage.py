"""The worker is killed in a version's second stage: the version stays as it is, and gets it as soon as all is quiet."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.rig import Rig, rig
from tests.faults.worker_with_fault import KILL
from tests.support.label_studio import RunningLabelStudio
from tests.support.waiting import until

pytestmark = pytest.mark.faults


@pytest.fixture
def broken(
    label_studio: RunningLabelStudio, backbones: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rig]:
    with rig(label_studio, backbones, tmp_path_factory.mktemp("rig"), {"POLL_SECONDS": "600"}) as made:
        yield made


def test_a_second_stage_that_was_killed_is_made_by_the_refresh(broken: Rig) -> None:
    # That of the rig's own version is not the one to be killed.
    until(lambda: broken.watch.whole(broken.watch.active).insight, "its second stage", more=broken.stack.log_tail)
    broken.arm("second stage", KILL)
    broken.submit()
    until(lambda: not broken.stack.worker.is_running, "the worker's end", more=broken.stack.log_tail)
    name = broken.project.active_version()
    assert broken.labels_of(name) == set(broken.submitted)
    assert broken.watch.whole(name).served is None
    broken.start_worker()
    finished = until(lambda: broken.watch.whole(name).served, "the second stage", more=broken.stack.log_tail)
    assert finished is not None
    assert broken.project.active_version() == name
    broken.wait_until_fresh()
    assert broken.watch.wrong == []
