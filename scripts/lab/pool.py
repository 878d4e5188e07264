"""Work in several processes: results as they come, word of progress meanwhile, and an end at once.

Ctrl-C is the parent's alone to answer: its processes don't hear of it, and the parent ends them. They end with the
parent, too, however it dies.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from ctypes import c_bool
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

# Not forked: a process would inherit threads of BLAS and PyTorch, and locks that these hold.
CONTEXT = multiprocessing.get_context("spawn")
LOOK_SECONDS = 0.2
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerDiedError(Exception):
    """A process ended in the middle of its work: killed, most likely for want of memory."""


class _Line:
    """What a process is connected with its parent by; kept in the process when it starts.

    Attributes:
        told: to the parent, numbers that it adds up.
        stopping: whether the parent asks to stop. Read without a lock: a process that is killed can hold none.
    """

    def __init__(self) -> None:
        self.told = CONTEXT.SimpleQueue()
        self.stopping = CONTEXT.RawValue(c_bool, False)


_line: _Line | None = None


def tell(number: int) -> None:
    """Tell the parent how far this process has gone on since it last did."""
    if _line is not None:
        _line.told.put(number)


def stopping() -> bool:
    """Whether this process's parent asks it to stop between two steps."""
    return _line is not None and bool(_line.stopping.value)


def run(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    processes: int,
    threads: int = 1,
    meanwhile: Callable[[int], object] = lambda _: None,
    patience: float = 0.0,
) -> Iterator[tuple[int, Result]]:
    """Work on items side by side.

    Args:
        work: done in a process for each item; it may call `tell`, and ask `stopping`.
        items: at least one.
        processes: how many, at most one an item.
        threads: that numerical libraries may use in each.
        meanwhile: called several times a second with the sum of what was told since; what it raises ends the work.
        patience: seconds that processes get to answer `stopping` before they are killed, where the work ends early.

    Yields:
        Place of an item and its result, as soon as it is there.

    Raises:
        WorkerDiedError: a process ended before its work.
    """
    line = _Line()
    before = multiprocessing.active_children()
    executor = ProcessPoolExecutor(min(processes, len(items)), CONTEXT, _begin, (line, threads))
    futures: dict[Future[Result], int] = {}
    try:
        with _unheard(), _environment(dict.fromkeys(THREADS, str(threads))):
            futures |= {executor.submit(work, item): place for place, item in enumerate(items)}
        yield from _results(futures, line, meanwhile)
    except BaseException:
        line.stopping.value = True
        if patience:
            wait(futures, patience)
        _kill([each for each in multiprocessing.active_children() if each not in before])
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _results(
    futures: dict[Future[Result], int], line: _Line, meanwhile: Callable[[int], object]
) -> Iterator[tuple[int, Result]]:
    pending = set(futures)
    while pending:
        done, pending = wait(pending, LOOK_SECONDS, FIRST_COMPLETED)
        meanwhile(_sum_of(line.told))
        for future in done:
            try:
                yield futures[future], future.result()
            except BrokenProcessPool as problem:
                raise WorkerDiedError from problem


def _sum_of(told: Any) -> int:
    total = 0
    while not told.empty():
        total += told.get()
    return total


def _begin(line: _Line, threads: int) -> None:
    """Prepare a process that has just started."""
    global _line  # noqa: PLW0603 - a process has one parent
    _line = line
    threadpool_limits(threads)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _unheard() -> Iterator[None]:
    """Processes that start in the block inherit that SIGINT is blocked; here it comes when the block ends."""
    # The first process brings a tracker of resources, whose start unblocks signals; so it is started before.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Processes that start in the block inherit these variables."""
    kept = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _kill(processes: Sequence[BaseProcess]) -> None:
    for process in processes:
        process.kill()
    for process in processes:
        process.join()
