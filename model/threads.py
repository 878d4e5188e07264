"""Threads: our own on all cores, for steps that release the interpreter as NumPy does, and none of BLAS beside them."""

import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")


def for_each(work: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Do the work for every item, as many at a time as there are cores.

    Raises:
        BaseException: what the work, or a signal meanwhile, raises first; at once, without waiting for the rest: the
            second stage is given up so, and its process ends soon after.
    """
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        for _ in pool.map(work, items):
            pass
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def one_blas_thread() -> AbstractContextManager[object]:
    """Keep BLAS to one thread.

    NumPy and SciPy each bring a BLAS with threads of its own, which wait for each other by spinning: with more than one
    thread a fit takes two to ten times as long. One thread also gives the same bits whatever the number of cores.
    """
    limits: AbstractContextManager[object] = _thread_pools("scipy" in sys.modules).limit(limits=1, user_api="blas")
    return limits


@cache
def _thread_pools(with_scipy: bool) -> ThreadpoolController:  # noqa: ARG001 - SciPy's BLAS comes with SciPy
    """The BLAS of NumPy and SciPy, found once: looking for them takes as long as a small fit."""
    return ThreadpoolController()
