"""Worker, Redis and web process are killed: the loop goes on by itself, and nothing is lost or half done.

Recovering is mostly waiting, so three rigs are at work at once, each with several faults one after the other; each
test reports on one fault.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.rig import Rig, pause, rig
from tests.faults.worker_with_fault import KILL, STAND
from tests.support.label_studio import RunningLabelStudio
from tests.support.machine import Slowness
from tests.support.waiting import until

pytestmark = pytest.mark.faults

DEADLINE_SECONDS = 30.0
"""On a quiet machine."""


@dataclass(frozen=True)
class Outcome:
    """What was seen of a fault.

    Attributes:
        seconds: from the moment when everything was back until the loop had caught up; on a busy machine, those that it
            would have been on a quiet one.
        first_labels: annotations in the first version that was active after that moment.
        submitted: annotations that were made before that moment.
        wrong: versions that were active but not whole.
    """

    seconds: float
    first_labels: set[int]
    submitted: set[int]
    wrong: list[str]


# Each fault breaks a rig and mends it; it returns when all processes run again.


def worker_dies(place: str) -> Callable[[Rig], None]:
    def fault(broken: Rig) -> None:
        broken.arm(place, KILL)
        broken.submit()
        until(lambda: not broken.stack.worker.is_running, "the worker's end", more=broken.stack.log_tail)
        broken.submit()
        broken.start_worker()

    return fault


def worker_dies_on_a_new_task(broken: Rig) -> None:
    broken.arm("embed", KILL)
    broken.project.add_tasks(["circle"])
    until(lambda: not broken.stack.worker.is_running, "the worker's end", more=broken.stack.log_tail)
    broken.submit()
    broken.start_worker()


def only_the_parent_dies(broken: Rig) -> None:
    broken.arm("train", STAND)
    broken.submit()
    broken.wait_until_reached()
    os.kill(broken.stack.worker.pid, signal.SIGKILL)
    broken.start_worker()
    broken.let_go()


def redis_is_lost_during_a_run(broken: Rig) -> None:
    broken.arm("train", STAND)
    broken.submit()
    broken.wait_until_reached()
    broken.stack.redis.process.kill()
    broken.submit()
    broken.let_go()
    pause(2.0)
    start_redis(broken)


def redis_is_lost_and_back_before_the_switch(broken: Rig) -> None:
    broken.arm("head published", STAND)
    broken.submit()
    broken.wait_until_reached()
    broken.stack.redis.process.kill()
    broken.submit()
    start_redis(broken)
    pause(1.0)
    broken.let_go()


def redis_is_lost_while_idle(broken: Rig) -> None:
    broken.stack.redis.process.kill()
    broken.submit()
    pause(2.0)
    start_redis(broken)


def start_redis(broken: Rig) -> None:
    broken.stack.redis.process.start()
    broken.stack.redis.process.wait_until_ready()


def the_web_process_misses_events(broken: Rig) -> None:
    broken.stack.web.kill()
    broken.submit()
    broken.submit()
    broken.stack.web.start()
    broken.stack.web.wait_until_ready()


LANES: list[tuple[dict[str, str], dict[str, Callable[[Rig], None]]]] = [
    (
        {},
        {
            "worker, sync": worker_dies("sync"),
            "worker, embed": worker_dies_on_a_new_task,
            "worker, train": worker_dies("train"),
            "worker, evaluate": worker_dies("evaluate"),
            "web process": the_web_process_misses_events,
        },
    ),
    (
        {},
        {
            "worker, rank": worker_dies("rank"),
            "worker, version half written": worker_dies("version half written"),
            "worker, head published": worker_dies("head published"),
            "worker, version switched": worker_dies("version switched"),
        },
    ),
    (
        # A head and slices that are smaller than the project; what decides on time is as by default.
        {"QUEUE_HEAD": "10", "SLICE_SIZE": "10", "QUEUE_FRONT": "1", "OPEN_TASK_SECONDS": "0.1"},
        {
            "worker, slice refreshed": worker_dies("slice refreshed"),
            "only the worker's parent": only_the_parent_dies,
            "Redis, during a run": redis_is_lost_during_a_run,
            "Redis, before the switch": redis_is_lost_and_back_before_the_switch,
            "Redis, while idle": redis_is_lost_while_idle,
        },
    ),
]
FAULTS = [name for _, faults in LANES for name in faults]


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest,
    label_studio: RunningLabelStudio,
    backbones: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Future[Outcome]]]:
    """What became of each fault that a test of this session asks for."""
    here = [item.name for item in request.session.items if item.path == request.path]
    promised: dict[str, Future[Outcome]] = {name: Future() for name in FAULTS if any(f"[{name}]" in it for it in here)}
    with ThreadPoolExecutor(len(LANES)) as pool:
        for settings, faults in LANES:
            lane = Lane(label_studio, backbones, tmp_path_factory, settings)
            wanted = {name: fault for name, fault in faults.items() if name in promised}
            pool.submit(lane.work, wanted, promised)
        yield promised


@dataclass(frozen=True)
class Lane:
    """Faults one after the other on one rig; a rig that did not recover is replaced."""

    label_studio: RunningLabelStudio
    backbones: Path
    folders: pytest.TempPathFactory
    settings: dict[str, str]

    def work(self, faults: dict[str, Callable[[Rig], None]], promised: dict[str, Future[Outcome]]) -> None:
        """Keep what was promised: an outcome, or why there is none."""
        left = list(faults)
        while left:
            with ExitStack() as closing:
                name = left[0]
                try:
                    folder = self.folders.mktemp("rig")
                    broken = closing.enter_context(rig(self.label_studio, self.backbones, folder, self.settings))
                    while left:
                        name = left[0]
                        promised[name].set_result(outcome_of(faults[name], broken))
                        left.remove(name)
                except Exception as problem:
                    promised[name].set_exception(problem)
                    left.remove(name)


def outcome_of(fault: Callable[[Rig], None], broken: Rig) -> Outcome:
    """Let a fault happen, and see what becomes of the rig."""
    fault(broken)
    back, submitted, before = time.monotonic(), set(broken.submitted), len(broken.watch.seen)
    with Slowness() as slowness:
        broken.wait_until_fresh()
    seconds = (time.monotonic() - back) / slowness.factor
    first, *_ = [*broken.watch.seen[before:], broken.watch.active]
    return Outcome(seconds, broken.labels_of(first), submitted, list(broken.watch.wrong))


@pytest.mark.parametrize("name", FAULTS)
def test_the_loop_goes_on_by_itself(
    name: str, outcomes: dict[str, Future[Outcome]], record_property: Callable[[str, object], None]
) -> None:
    outcome = outcomes[name].result()
    record_property("seconds", round(outcome.seconds, 1))
    assert outcome.seconds < DEADLINE_SECONDS
    assert outcome.first_labels == outcome.submitted
    assert outcome.wrong == []
