"""Workers on a study: this process, or several that share its storage."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from optuna.study import Study

from model.errors import ModelError
from scripts.cli.progress import progress
from scripts.lab import pool
from scripts.lab.comparison.images import load
from scripts.lab.comparison.likeness import with_groups
from scripts.lab.interrupts import Interrupted, ctrl_c
from scripts.lab.tuning.bench import Bench
from scripts.lab.tuning.errors import TuningError
from scripts.lab.tuning.space import Space
from scripts.lab.tuning.storage import FAILURES, open_storage, unusable
from scripts.lab.tuning.study import finished, open_study
from scripts.lab.tuning.work import until_enough

PATIENCE_SECONDS = 20.0
"""How long a worker may take to end its step when all are asked to stop."""


@dataclass(frozen=True)
class SearchJob:
    """A search, as a process is told of it.

    Attributes:
        data: name of the images, for people.
        folder: of the decoded images.
        groups: file of their near-duplicates.
        space: of the settings, and the defaults.
        storage: address of the study's database.
        study: its name.
        total: trials that it is to have.
    """

    data: str
    folder: Path
    groups: Path
    space: Space
    storage: str
    study: str
    total: int

    def open(self) -> tuple[Study, Bench]:
        """The study, and what its trials are made on.

        Raises:
            TuningError: there is no such storage, or it has such a study of something else.
            ComparisonError: there are too few images.
        """
        bench = Bench(with_groups(load(self.data, self.folder), self.groups), self.space)
        made_of = bench.made_of()
        return open_study(open_storage(self.storage), self.study, made_of, bench.space), bench


def run(job: SearchJob, study: Study, bench: Bench, workers: int) -> None:
    """Make the trials that are missing.

    Args:
        job: for other processes.
        study: that it opens.
        bench: and what its trials are made on.
        workers: processes; with one, all happens in this process.

    Raises:
        Interrupted: Ctrl-C; the trials that were cut off are made again by the same command.
        TuningError: a worker failed, or was killed.
        ModelError: the network can't be trained.
    """
    with ctrl_c() as pressed, _bar(study, job.total) as refresh:
        if workers == 1:
            until_enough(study, bench, job.total, pressed, refresh)
        else:
            _together(job, workers, pressed, refresh)
        refresh()


@contextmanager
def _bar(study: Study, total: int) -> Iterator[Callable[[], None]]:
    """A progress bar over the study's trials, and what brings it up to date."""
    with progress("trials", total, "trial") as bar:

        def refresh() -> None:
            done = finished(study.get_trials(deepcopy=False))
            losses = [trial.value for trial in done if trial.value is not None]
            bar.reach(min(len(done), total))
            bar.note(f"least validation loss {min(losses):.3f}" if losses else "")

        refresh()
        yield refresh


def _together(job: SearchJob, workers: int, pressed: Callable[[], bool], refresh: Callable[[], None]) -> None:
    def look(_: int) -> None:
        if pressed():
            raise Interrupted
        refresh()

    threads = max((os.cpu_count() or 1) // workers, 1)
    shares = [job] * workers
    try:
        for _ in pool.run(_work, shares, processes=workers, threads=threads, meanwhile=look, patience=PATIENCE_SECONDS):
            pass
    except pool.WorkerDiedError as problem:
        raise TuningError(
            "A worker ended before its work. See above; where nothing is said, memory is short: give fewer --workers. "
            "The same command goes on."
        ) from problem


def _work(job: SearchJob) -> None:
    """What each process does: it works on the study until that has enough trials."""
    torch.set_num_threads(int(os.environ[pool.THREADS[0]]))
    try:
        study, bench = job.open()
        until_enough(study, bench, job.total, pool.stopping)
    except Interrupted:
        return
    except FAILURES as problem:
        raise unusable(job.storage, problem) from problem
    except ModelError as problem:
        raise TuningError(str(problem)) from problem
