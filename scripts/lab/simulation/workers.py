"""Many runs at a time: processes of one thread each, which share the features through the disk's cache."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import NoReturn

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from backend import logs
from model.errors import ModelError
from scripts.lab.interrupts import start_deaf
from scripts.lab.simulation import curve, records
from scripts.lab.simulation.errors import SimulationError
from scripts.lab.simulation.labelled import LabelledData, load
from scripts.lab.simulation.records import Planned, Record
from scripts.lab.simulation.replay import SimulationSettings
from scripts.lab.simulation.splits import drawn

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
QUIET = SimulationSettings(log_level="ERROR")


def run(folder: Path, runs: Path, plan: Sequence[Planned], jobs: int) -> Iterator[Record]:
    """Make runs, each recorded as soon as it is finished; on Ctrl-C all of it ends at once.

    Args:
        folder: the data, see `scripts.lab.simulation.labelled.load`.
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
    """A pipe to each process and no lock between them: any can be killed at any time without another one waiting."""
    waiting = iter(plan)
    started = [_start(folder, runs) for _ in range(jobs)]
    try:
        busy = [pipe for _, pipe in started]
        for pipe in busy:
            pipe.send(next(waiting))
        while busy:
            ready = wait(busy)
            for pipe in [each for each in busy if each in ready]:
                told = _hear(pipe)
                if isinstance(told, int):
                    bar.update(told)
                    continue
                yield told
                following = next(waiting, None)
                if following is None:
                    busy.remove(pipe)
                else:
                    pipe.send(following)
    finally:
        for process, _ in started:
            process.kill()
        for process, _ in started:
            process.join()


def _start(folder: Path, runs: Path) -> tuple[SpawnProcess, Connection]:
    os.environ.update(dict.fromkeys(THREADS, "1"))
    # Not forked: a child would inherit threads of BLAS and of the embedder, and locks that these hold.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, folder, runs), daemon=True)
    start_deaf(process)
    theirs.close()
    return process, ours


def _hear(pipe: Connection) -> int | Record:
    try:
        told: int | str | Record = pipe.recv()
    except EOFError as problem:
        said = "A run's process ended before its run. See above; where nothing is said, memory is short:"
        raise SimulationError(f"{said} give fewer --jobs.") from problem
    if isinstance(told, str):
        raise SimulationError(told)
    return told


def _work(pipe: Connection, folder: Path, runs: Path) -> None:
    """A process's life: make the runs that it is told; it ends with its parent, whose end of the pipe closes then."""
    threadpool_limits(1)
    logs.configure(QUIET)
    try:
        while True:
            planned = pipe.recv()
            try:
                pipe.send(_make(folder, runs, planned, pipe.send))
            except SimulationError as problem:
                pipe.send(str(problem))
    except (EOFError, BrokenPipeError):
        return


def _make(folder: Path, runs: Path, planned: Planned, tell: Callable[[int], object]) -> Record:
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
