"""Many runs at a time: processes of one thread each, which share the features through the disk's cache."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path

from threadpoolctl import threadpool_limits

from backend import logs
from model.errors import ModelError
from scripts.cli.progress import Bar, progress
from scripts.lab import pool
from scripts.lab.simulation import curve, records
from scripts.lab.simulation.errors import SimulationError
from scripts.lab.simulation.labelled import LabelledData, load
from scripts.lab.simulation.records import PlannedRun, RunRecord
from scripts.lab.simulation.replay import SimulationSettings
from scripts.lab.simulation.splits import drawn

QUIET = SimulationSettings(log_level="ERROR")


def run(folder: Path, runs: Path, plan: Sequence[PlannedRun], jobs: int) -> Iterator[RunRecord]:
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
    with progress(f"{len(plan)} runs", total, "label") as bar:
        if min(jobs, len(plan)) == 1:
            yield from _here(folder, runs, plan, bar)
        else:
            yield from _in_processes(folder, runs, plan, jobs, bar)


def _here(folder: Path, runs: Path, plan: Sequence[PlannedRun], bar: Bar) -> Iterator[RunRecord]:
    logs.configure(QUIET)
    with threadpool_limits(1):
        for planned in plan:
            yield _make(folder, runs, planned, bar.advance)


def _in_processes(folder: Path, runs: Path, plan: Sequence[PlannedRun], jobs: int, bar: Bar) -> Iterator[RunRecord]:
    work = partial(_make_elsewhere, folder, runs)
    try:
        for _, record in pool.run(work, plan, processes=jobs, meanwhile=bar.advance):
            yield record
    except pool.WorkerDiedError as problem:
        said = "A run's process ended before its run. See above; where nothing is said, memory is short:"
        raise SimulationError(f"{said} give fewer --jobs.") from problem


def _make_elsewhere(folder: Path, runs: Path, planned: PlannedRun) -> RunRecord:
    logs.configure(QUIET)
    return _make(folder, runs, planned, pool.tell)


def _make(folder: Path, runs: Path, planned: PlannedRun, tell: Callable[[int], object]) -> RunRecord:
    """Make one run and record it; `tell` is told how many labels it has gone on."""
    before = 0

    def note(labels: int) -> None:
        nonlocal before
        tell(labels - before)
        before = labels

    split = drawn(_data(folder), planned.options.split, planned.split)
    try:
        points = curve.run(split, planned.options, note)
    except ModelError as problem:
        raise SimulationError(f"The run {planned.file_name} failed: {problem}") from problem
    record = records.save(runs, planned, points)
    note(planned.options.budget)
    return record


@lru_cache(maxsize=1)
def _data(folder: Path) -> LabelledData:
    return load(folder)
