"""Signs of life: how a trial that is trained elsewhere is told from one whose process was killed.

Optuna's own heartbeat knows SQL alone, and compares the clocks of two machines.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

SIGN = "sign of life"
"""Attribute of a trial: a number that changes while it is trained."""
EVERY_SECONDS = 5.0
PATIENCE_SECONDS = 30.0


@contextmanager
def signs_of_life(trial: Trial) -> Iterator[None]:
    """Give signs of a trial while the block runs."""
    over = Event()
    thread = Thread(target=_give, args=(trial, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Watch:
    """Remembers each running trial's last sign, and when it was first seen by this process's own clock."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[object, float]] = {}

    def cut_off(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Running trials that gave no sign for so long that their process must have ended."""
        now = time.monotonic()
        running = [trial for trial in trials if trial.state is TrialState.RUNNING]
        for trial in running:
            sign = trial.user_attrs.get(SIGN)
            if trial.number not in self._seen or self._seen[trial.number][0] != sign:
                self._seen[trial.number] = (sign, now)
        return [trial for trial in running if now - self._seen[trial.number][1] > PATIENCE_SECONDS]


def _give(trial: Trial, over: Event) -> None:
    number = 0
    while not over.wait(EVERY_SECONDS):
        number += 1
        try:
            trial.set_user_attr(SIGN, number)
        # Taken for cut off, after a pause of the whole machine, say.
        except UpdateFinishedTrialError:
            return
