"""Fetches the images of many tasks at once, and tells an outage of Label Studio from images that can't be had.

They come in portions: what is in memory at once has a limit, whatever the images' size. Who stops in between closes the
generator (`contextlib.closing`), so that its part of the limit is free again.
"""

import math
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from backend.images.budget import BudgetShare
from backend.images.fetcher import ImageFetcher
from backend.images.outcome import Fetched, FetchProblem, Unavailable

THREADS = 8
PORTION_BYTES = 64_000_000
"""With so many in memory, no further image is begun before those were used."""
GRACE_SECONDS = 1.0
"""Each fetch ends by its deadline itself; only a disk that hangs is left behind."""

LEFT_BEHIND = Unavailable(FetchProblem.TIMED_OUT, "its disk does not answer in time.")

Portion = Mapping[int, Fetched]
"""An outcome for each of some tasks. Its images are let go of before the next portion is fetched."""
Portions = Generator[Portion, None, None]


def fetch_by(until: float, fetcher: ImageFetcher, addresses: Mapping[int, str]) -> Portions:
    """What can be fetched until a moment; each image is tried once.

    Args:
        until: by the monotonic clock. Nothing is waited for any longer, not even a host that never ends to answer.
        fetcher: of images.
        addresses: by task.

    Yields:
        Portions, with an outcome for each task in one of them.
    """
    batch = _Batch(fetcher, addresses, begin_until=until, until=until)
    left = list(addresses)
    try:
        while portion := batch.fetch(left):
            yield portion
            batch.let_go()
            left = [task for task in left if task not in portion]
    finally:
        batch.let_go()
    if left:
        yield dict.fromkeys(left, Unavailable(FetchProblem.TIMED_OUT, "not fetched in time."))


def fetch_all(fetcher: ImageFetcher, addresses: Mapping[int, str], begin_until: float = math.inf) -> Portions:
    """Every image, or what is wrong with it; an outage of Label Studio is not put down to the images.

    Where any image can't be had, Label Studio is asked whether it is there: it may have been down a moment ago. What it
    did not answer is tried once more then.

    Args:
        fetcher: of images.
        addresses: by task.
        begin_until: by the monotonic clock, after which none is begun; one that is has its whole time.

    Yields:
        Portions, with an outcome for each task that was begun.

    Raises:
        RetryLaterError: Label Studio does not answer.
        OperatorError: Label Studio refuses the token.
    """
    batch = _Batch(fetcher, addresses, begin_until)
    left = list(addresses)
    try:
        while portion := batch.fetch(left):
            if any(_was_asked_in_vain(outcome) for outcome in portion.values()):
                fetcher.label_studio.whoami()
                # What there is no time left for is an image that Label Studio does not serve although it is there.
                again = batch.fetch([task for task, outcome in portion.items() if _is_outage(outcome)])
                portion |= again
                if any(_is_outage(outcome) for outcome in again.values()):
                    fetcher.label_studio.whoami()
            yield portion
            batch.let_go()
            left = [task for task in left if task not in portion]
    finally:
        batch.let_go()


class _Batch:
    """One call's images on their way."""

    def __init__(
        self, fetcher: ImageFetcher, addresses: Mapping[int, str], begin_until: float, until: float = math.inf
    ) -> None:
        self._fetcher = fetcher
        self._addresses = addresses
        self._begin_until = begin_until
        self._until = until
        self._share = fetcher.budget.share()
        self._threads = THREADS
        self._full = threading.Event()

    def fetch(self, tasks: Sequence[int]) -> dict[int, Fetched]:
        """Outcomes of as many tasks as there is time and room for; none where there is neither for any."""
        portion = self._fetch(tasks)
        while not portion and self._full.is_set() and self._threads > 1:
            # Several got in each other's way, and one alone might not.
            self._threads //= 2
            portion = self._fetch(tasks)
        return portion

    def let_go(self) -> None:
        """The images were used: what they took is free, and a thread that was left behind takes nothing any more."""
        self._share.close()
        self._share = self._fetcher.budget.share()

    def _fetch(self, tasks: Sequence[int]) -> dict[int, Fetched]:
        self._full.clear()
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="fetch")
        futures = {task: pool.submit(self._fetch_one, task, self._share) for task in tasks}
        wait(futures.values(), timeout=self._patience())
        # A thread that a disk hangs is left behind: its image has had its time.
        hung = {task for task, future in futures.items() if future.running()}
        pool.shutdown(wait=False, cancel_futures=True)
        outcomes = {
            task: LEFT_BEHIND if task in hung else future.result()
            for task, future in futures.items()
            if task in hung or (future.done() and not future.cancelled())
        }
        return {task: outcome for task, outcome in outcomes.items() if outcome is not None}

    def _patience(self) -> float | None:
        """Seconds in which whatever is begun has an outcome; None for as long as it takes."""
        until = min(self._until, max(self._begin_until, time.monotonic()) + self._fetcher.seconds)
        return None if math.isinf(until) else max(0.0, until - time.monotonic()) + GRACE_SECONDS

    def _fetch_one(self, task: int, share: BudgetShare) -> Fetched | None:
        """A task's outcome; None where it has to wait for time or room."""
        if self._full.is_set() or time.monotonic() >= self._begin_until:
            return None
        sizes: list[int] = []

        def taken(size: int) -> None:
            share.take(size)
            sizes.append(size)

        outcome = self._fetcher.fetch(self._addresses[task], task, self._until, taken)
        if isinstance(outcome, Unavailable):
            share.give_back(sum(sizes))
        if share.held >= PORTION_BYTES or _has_no_room(outcome):
            self._full.set()
        return None if _has_no_room(outcome) else outcome


def _has_no_room(outcome: Fetched) -> bool:
    return isinstance(outcome, Unavailable) and outcome.problem is FetchProblem.NO_ROOM


def _was_asked_in_vain(outcome: Fetched) -> bool:
    return isinstance(outcome, Unavailable) and not outcome.is_unasked


def _is_outage(outcome: Fetched) -> bool:
    return isinstance(outcome, Unavailable) and outcome.problem is FetchProblem.OUTAGE
