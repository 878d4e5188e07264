"""Workers on a study: this process, or several that share its storage."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

import torch
from optuna.study import Study
from tqdm import tqdm

from model.errors import ModelError
from scripts.lab.comparison.images import load
from scripts.lab.comparison.likeness import with_groups
from scripts.lab.interrupts import ctrl_c, start_deaf
from scripts.lab.tuning.bench import Bench
from scripts.lab.tuning.errors import Interrupted, TuningError
from scripts.lab.tuning.space import Space
from scripts.lab.tuning.storage import FAILURES, open_storage, unusable
from scripts.lab.tuning.study import finished, open_study
from scripts.lab.tuning.work import until_enough

LOOK_SECONDS = 0.5
END_SECONDS = 20.0
"""How long a worker may take to end its step when all are asked to stop."""


@dataclass(frozen=True)
class Job:
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


def run(job: Job, study: Study, bench: Bench, workers: int) -> None:
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
    known = len(finished(study.get_trials(deepcopy=False)))
    with tqdm(total=total, initial=min(known, total), desc="trials", unit="trial", disable=None) as bar:

        def refresh() -> None:
            done = finished(study.get_trials(deepcopy=False))
            losses = [trial.value for trial in done if trial.value is not None]
            bar.update(min(len(done), total) - bar.n)
            bar.set_postfix_str(f"least validation loss {min(losses):.3f}" if losses else "")

        yield refresh


def _together(job: Job, workers: int, pressed: Callable[[], bool], refresh: Callable[[], None]) -> None:
    """A pipe to each process and no lock between them: its end closes when all are to stop, or this one dies."""
    started = [_start(job, workers) for _ in range(workers)]
    try:
        working = True
        while working:
            if pressed():
                raise Interrupted
            time.sleep(LOOK_SECONDS)
            refresh()
            # Asked first: what a worker says last is heard after its end, too.
            working = any(process.is_alive() for process, _ in started)
            for process, pipe in started:
                _hear(process, pipe)
    finally:
        for _, pipe in started:
            pipe.close()
        for process, _ in started:
            process.join(END_SECONDS)
            process.kill()


def _hear(process: SpawnProcess, pipe: Connection) -> None:
    """Pass on what went wrong in a worker."""
    if not pipe.closed and pipe.poll():
        try:
            raise TuningError(pipe.recv())
        except EOFError:
            pipe.close()
    if process.exitcode:
        raise TuningError(
            "A worker ended before its work. See above; where nothing is said, memory is short: give fewer --workers. "
            "The same command goes on."
        )


def _start(job: Job, workers: int) -> tuple[SpawnProcess, Connection]:
    # Not forked: a child would inherit threads of PyTorch, and locks that these hold.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    threads = max((os.cpu_count() or 1) // workers, 1)
    process = context.Process(target=_work, args=(theirs, job, threads), daemon=True)
    start_deaf(process)
    theirs.close()
    return process, ours


def _work(pipe: Connection, job: Job, threads: int) -> None:
    """A process's life."""
    torch.set_num_threads(threads)
    try:
        study, bench = job.open()
        # Nothing is ever sent this way: there is something to read when the other end is closed.
        until_enough(study, bench, job.total, partial(pipe.poll, 0.0))
    except Interrupted:
        return
    except FAILURES as problem:
        pipe.send(str(unusable(job.storage, problem)))
    except (TuningError, ModelError) as problem:
        pipe.send(str(problem))
