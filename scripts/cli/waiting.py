"""Waiting until the backend has done what it was asked, with a bar, and saying once what keeps it."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from scripts.cli.backend_client import Backend, Json
from scripts.cli.progress import progress

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 10.0
"""Without any progress for so long, it is asked what is missing."""


@dataclass(frozen=True)
class Step:
    """How far a piece of work is.

    Attributes:
        title: what is being done.
        done: how many are.
        total: how many there are; None where nobody knows yet.
        note: what else a person may want to see, behind the bar.
    """

    title: str
    done: int
    total: int | None
    note: str = ""


def wait(backend: Backend, step: Callable[[Json], Step], is_stuck: Callable[[Json], bool] = lambda _: True) -> Json:
    """Wait until nothing is being done any more.

    Args:
        backend: that does it.
        step: how far it is, by what the backend says.
        is_stuck: whether something may be missing if there is no progress, by what the backend says.

    Returns:
        What the backend says in the end.

    Raises:
        BackendError: it refuses, or does not answer.
    """
    changed, last, told = time.monotonic(), None, False
    with progress("", kept=False) as bar:
        while (status := backend.status())["working"]:
            now = step(status)
            if now != last:
                changed, last = time.monotonic(), now
                bar.describe(now.title)
                bar.reach(now.done, now.total)
                bar.note(now.note)
            elif not told and is_stuck(status) and time.monotonic() - changed > PATIENCE_SECONDS:
                told = True
                for problem in backend.problems():
                    print(f"waiting: {problem}", file=sys.stderr)
            time.sleep(POLL_SECONDS)
    return status
