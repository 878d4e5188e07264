"""Fetches the images of many tasks at once, and tells an outage of Label Studio from images that can't be had."""

import math
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait

from backend.images.fetcher import Fetched, ImageFetcher, Problem, Unavailable

THREADS = 8


def fetch_by(deadline: float, fetcher: ImageFetcher, addresses: Mapping[int, str]) -> dict[int, Fetched]:
    """What can be fetched until a moment; each image is tried once.

    Args:
        deadline: by the monotonic clock. Nothing is waited for any longer, not even a host that never ends to answer.
        fetcher: of images.
        addresses: by task.

    Returns:
        An outcome for each task.
    """
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="fetch")
    futures = {task: pool.submit(fetcher.fetch, address, task, deadline) for task, address in addresses.items()}
    seconds = None if math.isinf(deadline) else max(0.0, deadline - time.monotonic())
    done, _ = wait(futures.values(), timeout=seconds)
    pool.shutdown(wait=False, cancel_futures=True)
    late = Unavailable(Problem.TIMED_OUT, "not fetched in time.")
    return {task: future.result() if future in done else late for task, future in futures.items()}


def fetch_all(fetcher: ImageFetcher, addresses: Mapping[int, str]) -> dict[int, Fetched]:
    """Every image, or what is wrong with it; an outage of Label Studio is not put down to the images.

    Where any image can't be had, Label Studio is asked whether it is there: it may have been down a moment ago. What it
    did not answer is tried once more then.

    Args:
        fetcher: of images.
        addresses: by task.

    Returns:
        An outcome for each task.

    Raises:
        RetryLaterError: Label Studio does not answer.
        OperatorError: Label Studio refuses the token.
    """
    fetched = fetch_by(math.inf, fetcher, addresses)
    if any(isinstance(outcome, Unavailable) for outcome in fetched.values()):
        fetcher.label_studio.whoami()
        unanswered = {task: addresses[task] for task, outcome in fetched.items() if _is_outage(outcome)}
        fetched |= fetch_by(math.inf, fetcher, unanswered)
        if any(_is_outage(outcome) for outcome in fetched.values()):
            fetcher.label_studio.whoami()
    return fetched


def _is_outage(outcome: Fetched) -> bool:
    return isinstance(outcome, Unavailable) and outcome.problem is Problem.OUTAGE
