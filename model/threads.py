"""Work on all cores, in threads: for steps that release the interpreter, as NumPy's do."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

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
