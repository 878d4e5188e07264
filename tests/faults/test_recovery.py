"""Worker, Redis and web process are killed: the loop goes on by itself, and nothing is lost or half done.

The rigs are independent and mostly wait, so several are at work at once; each test reports on one of them.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.rig import Rig, pause, rig
from tests.faults.worker_with_fault import KILL, STAND
from tests.support.label_studio import RunningLabelStudio
from tests.support.waiting import until

pytestmark = pytest.mark.faults

DEADLINE_SECONDS = 30.0
AT_ONCE = 3


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        happen: breaks a rig and mends it; returns when all its processes run again.
        stage: where the worker is then.
        action: whether the worker dies there by itself.
        settings: of the backend; those that decide on time are the defaults.
    """

    happen: Callable[[Rig], None]
    stage: str = "train"
    action: str = KILL
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What was seen of a fault.

    Attributes:
        seconds: from the moment when everything was back until the loop had caught up.
        first_labels: annotations in the first version that was active after the fault.
        submitted: annotations that were made before that moment.
        wrong: versions that were active but not whole.
    """

    seconds: float
    first_labels: set[int]
    submitted: set[int]
    wrong: list[str]


def worker_dies(broken: Rig) -> None:
    broken.arm()
    broken.submit()
    until(lambda: not broken.stack.worker.is_running, f"the worker's end\n{broken.stack.log_tail()}", 40.0)
    broken.submit()
    broken.replace_worker()


def worker_dies_on_a_new_task(broken: Rig) -> None:
    broken.arm()
    broken.project.add_tasks(["circle"])
    worker_dies(broken)


def only_the_parent_dies(broken: Rig) -> None:
    broken.arm()
    broken.submit()
    broken.wait_until_reached()
    os.kill(broken.stack.worker.pid, signal.SIGKILL)
    broken.replace_worker()
    pause(2.0)
    broken.let_go()


def redis_is_lost_during_a_run(broken: Rig) -> None:
    broken.arm()
    broken.submit()
    broken.wait_until_reached()
    broken.stack.redis.process.kill()
    broken.submit()
    broken.let_go()
    pause(2.0)
    broken.stack.redis.process.start()
    broken.stack.redis.process.wait_until_ready()


def redis_is_lost_and_back_before_the_run_goes_on(broken: Rig) -> None:
    broken.arm()
    broken.submit()
    broken.wait_until_reached()
    broken.stack.redis.process.kill()
    broken.submit()
    broken.stack.redis.process.start()
    broken.stack.redis.process.wait_until_ready()
    pause(1.0)
    broken.let_go()


def redis_is_lost_while_idle(broken: Rig) -> None:
    broken.stack.redis.process.kill()
    broken.submit()
    pause(2.0)
    broken.stack.redis.process.start()
    broken.stack.redis.process.wait_until_ready()


def the_web_process_dies_and_misses_events(broken: Rig) -> None:
    broken.stack.web.kill()
    broken.submit()
    broken.submit()
    broken.stack.web.start()
    broken.stack.web.wait_until_ready()


FAULTS = {
    "worker at sync": Fault(worker_dies, "sync"),
    "worker at embed": Fault(worker_dies_on_a_new_task, "embed"),
    "worker at train": Fault(worker_dies, "train"),
    "worker at evaluate": Fault(worker_dies, "evaluate"),
    "worker at rank": Fault(worker_dies, "rank"),
    "worker, version half written": Fault(worker_dies, "version half written"),
    "worker, head published": Fault(worker_dies, "head published"),
    "worker, version switched": Fault(worker_dies, "version switched"),
    "worker, slice refreshed": Fault(worker_dies, "slice refreshed", settings={"QUEUE_HEAD": "10", "SLICE_SIZE": "10"}),
    "only the worker's parent": Fault(only_the_parent_dies, "train", STAND),
    "Redis during a run": Fault(redis_is_lost_during_a_run, "train", STAND),
    "Redis during a run, back at once": Fault(redis_is_lost_and_back_before_the_run_goes_on, "head published", STAND),
    "Redis while idle": Fault(redis_is_lost_while_idle),
    "web process": Fault(the_web_process_dies_and_misses_events),
}


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest,
    label_studio: RunningLabelStudio,
    backbones: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Future[Outcome]]]:
    """What became of each fault that a test of this session asks for."""
    here = [item for item in request.session.items if item.path == request.path]
    wanted = {name: None for name in FAULTS if any(f"[{name}]" in item.name for item in here)}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            name: pool.submit(_try, FAULTS[name], label_studio, backbones, tmp_path_factory.mktemp("fault"))
            for name in wanted
        }
    label_studio.delete_projects()


def _try(fault: Fault, label_studio: RunningLabelStudio, backbones: Path, folder: Path) -> Outcome:
    with rig(label_studio, backbones, folder, stage=fault.stage, action=fault.action, more=fault.settings) as broken:
        fault.happen(broken)
        back, submitted, before = time.monotonic(), set(broken.submitted), broken.project.active_version()
        broken.wait_until_fresh(DEADLINE_SECONDS + 15.0)
        seconds = time.monotonic() - back
        pause(0.6)  # The watch sees the last switch too.
        later = broken.watch.seen[broken.watch.seen.index(before) + 1 :] or [broken.project.active_version()]
        return Outcome(seconds, broken.labels_of(later[0]), submitted, broken.watch.wrong)


@pytest.mark.parametrize("name", FAULTS)
def test_the_loop_goes_on_by_itself(
    name: str, outcomes: dict[str, Future[Outcome]], record_property: Callable[[str, object], None]
) -> None:
    outcome = outcomes[name].result()
    record_property("seconds", round(outcome.seconds, 1))
    assert outcome.seconds < DEADLINE_SECONDS
    assert outcome.first_labels == outcome.submitted
    assert outcome.wrong == []
