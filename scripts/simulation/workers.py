"""Many runs at a time: processes of one thread each, which share the features through the disk's cache."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import NoReturn

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from backend import logs
from model.errors import ModelError
from scripts.simulation import curve, records
from scripts.simulation.errors import SimulationError
from scripts.simulation.labelled import LabelledData, load
from scripts.simulation.records import Planned, Record
from scripts.simulation.replay import SimulationSettings
from scripts.simulation.splits import drawn

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
LISTEN_SECONDS = 0.2
QUIET = SimulationSettings(log_level="ERROR")

_told: "SimpleQueue[int] | None" = None
"""Where a worker process says how many labels it has gone on."""


def run(folder: Path, runs: Path, plan: Sequence[Planned], jobs: int) -> Iterator[Record]:
    """Make runs, each recorded as soon as it is finished; on Ctrl-C all of it ends at once.

    Args:
        folder: the data, see `scripts.simulation.labelled.load`.
        runs: folder of the records.
        plan: at least one.
        jobs: processes; with one, all happens in this process.

    Raises:
        SimulationError: a run failed, or its process was killed.
    """
    total = sum(planned.options.budget for planned in plan)
    with tqdm(total=total, desc=f"{len(plan)} runs", unit="label", smoothing=0.02, disable=None) as bar:
        if min(jobs, len(plan)) == 1:
            yield from _here(folder, runs, plan, bar)
        else:
            yield from _in_processes(folder, runs, plan, min(jobs, len(plan)), bar)


def _here(folder: Path, runs: Path, plan: Sequence[Planned], bar: "tqdm[NoReturn]") -> Iterator[Record]:
    logs.configure(QUIET)
    with threadpool_limits(1):
        for planned in plan:
            yield _make(folder, runs, planned, bar.update)


def _in_processes(
    folder: Path, runs: Path, plan: Sequence[Planned], jobs: int, bar: "tqdm[NoReturn]"
) -> Iterator[Record]:
    os.environ.update(dict.fromkeys(THREADS, "1"))
    # Not forked: a child would inherit threads of BLAS and of the embedder, and locks that these hold.
    context = multiprocessing.get_context("spawn")
    told: SimpleQueue[int] = context.SimpleQueue()
    pool = ProcessPoolExecutor(jobs, context, _prepare, (told,))
    try:
        waiting = {pool.submit(_make, folder, runs, planned) for planned in plan}
        while waiting:
            done, waiting = wait(waiting, LISTEN_SECONDS, FIRST_COMPLETED)
            while not told.empty():
                bar.update(told.get())
            yield from (future.result() for future in done)
    except BrokenProcessPool as problem:
        raise SimulationError("A run's process was killed, for want of memory maybe: give fewer --jobs.") from problem
    except BaseException:
        for child in multiprocessing.active_children():
            child.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare(told: "SimpleQueue[int]") -> None:
    """Set a worker process up."""
    global _told  # noqa: PLW0603 - a queue can be handed to a process at its start only
    _told = told
    # The parent hears of Ctrl-C too, and ends us; where it is killed itself, we end by ourselves.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_outlive_nobody, daemon=True).start()
    threadpool_limits(1)
    logs.configure(QUIET)


def _outlive_nobody() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _tell(labels: int) -> None:
    if _told is not None:
        _told.put(labels)


def _make(folder: Path, runs: Path, planned: Planned, tell: Callable[[int], object] = _tell) -> Record:
    """Make one run and record it; `tell` is told how many labels it has gone on."""
    before = 0

    def progress(labels: int) -> None:
        nonlocal before
        tell(labels - before)
        before = labels

    split = drawn(_data(folder), planned.options.split, planned.split)
    try:
        points = curve.run(split, planned.options, progress)
    except ModelError as problem:
        raise SimulationError(f"The run {planned.file_name} failed: {problem}") from problem
    record = records.save(runs, planned, points)
    progress(planned.options.budget)
    return record


@lru_cache(maxsize=1)
def _data(folder: Path) -> LabelledData:
    return load(folder)
