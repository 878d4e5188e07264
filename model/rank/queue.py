"""The queue: who comes next, and the rank scores that make Label Studio hand tasks out in that order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from model.arrays import BoolArray, FloatArray, IntArray
from model.errors import InputError

GAP = 1e-9
"""Least difference between neighbours' scores. Large enough to survive JSON and any database's double, small enough
that a million tasks of the same score still differ by a thousandth only."""

UNREADABLE = 1.0
"""Score of a task whose image can't be read; every other task lies below."""

ROUNDING = 1e-9
"""Keeps 0.29 × 100 from being 28 whole tasks."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """The tasks that still want a label, one an entry, in any order.

    Attributes:
        task_ids: (n,) int, each once.
        places: (n,) int, the order in which the strategy asks for them; of equal places the lower task id comes first.
        scores: (n,) float in [0, 1], ascending with the places; NaN is allowed for tasks of the holdout, skipped and
            unreadable ones, whose score isn't used.
        holdout_positions: (n,) float, the hash position in [0, 1) of holdout tasks, NaN for the others.
        skipped: (n,) True for tasks that somebody skipped: they come after all others.
        unreadable: (n,) True for tasks whose image can't be read: they come last of all.
    """

    task_ids: IntArray
    places: IntArray
    scores: FloatArray
    holdout_positions: FloatArray
    skipped: BoolArray
    unreadable: BoolArray

    def __post_init__(self) -> None:
        shape = (len(self.task_ids),)
        if any(
            a.shape != shape for a in (self.places, self.scores, self.holdout_positions, self.skipped, self.unreadable)
        ):
            raise InputError(f"Each of the candidates' arrays must have {shape[0]} entries, one for each task.")
        if len(np.unique(self.task_ids)) != len(self.task_ids):
            raise InputError("A task is among the candidates twice.")
        used = self.scores[np.isnan(self.holdout_positions) & ~self.skipped & ~self.unreadable]
        if not ((used >= 0) & (used <= 1)).all():
            raise InputError("Scores must be in [0, 1]: the ranking strategy gave another value.")


@dataclass(frozen=True)
class HoldoutAccount:
    """What the holdout is owed.

    Attributes:
        share: of the slots that belong to the holdout, in [0, 1].
        answered: answers of the project so far, >= 0.
        holdout_answered: those of them that went to holdout tasks, >= 0.
    """

    share: float
    answered: int
    holdout_answered: int

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InputError(f"The holdout's share must be between 0 and 1, got {self.share}.")
        if min(self.answered, self.holdout_answered) < 0:
            raise InputError(f"Answers can't be fewer than none, got {self.answered} and {self.holdout_answered}.")


@dataclass(frozen=True, eq=False)
class Queue:
    """Tasks in the order in which they are to be handed out.

    Attributes:
        task_ids: (n,) int.
        scores: (n,) float64 in [0, 1], strictly increasing; only unreadable tasks share one, 1.0.
        from_holdout: (n,) True where a holdout task takes a slot of the holdout.
        readable: how many tasks come before the unreadable ones.
    """

    task_ids: IntArray
    scores: FloatArray
    from_holdout: BoolArray
    readable: int


def build_queue(candidates: Candidates, account: HoldoutAccount, first: Sequence[int] = ()) -> Queue:
    """Merge the strategy's order and the holdout's into one queue.

    The slot i is the holdout's when floor(share × (answered + i + 1)) exceeds the holdout's answers so far and its
    slots given in this queue: so whoever follows the queue answers the owed share at any time. Holdout tasks come in
    hash order, the others by place; where one kind runs out the other goes on. A holdout task's score lies between its
    neighbours', so that order by score is the queue. The order in which candidates come doesn't matter.

    Args:
        candidates: tasks that can be asked for.
        account: what the holdout's share is to be, and is so far.
        first: task ids that come before all others, in this order, as an audit's do; the holdout's share of their
            answers is owed after them. Those that are skipped, unreadable or no candidates are passed over.

    Raises:
        InputError: nothing beyond what `Candidates` and `HoldoutAccount` refuse.
    """
    tail = candidates.skipped | candidates.unreadable
    in_holdout = ~np.isnan(candidates.holdout_positions)
    front = _rows_of(first, candidates.task_ids, ~tail)
    behind = ~tail
    behind[front] = False
    holdout = np.flatnonzero(in_holdout & behind)
    holdout = holdout[np.lexsort((candidates.task_ids[holdout], candidates.holdout_positions[holdout]))]
    chosen = _by_place(candidates, np.flatnonzero(~in_holdout & behind))
    skipped = _by_place(candidates, np.flatnonzero(candidates.skipped & ~candidates.unreadable))
    unreadable = _by_place(candidates, np.flatnonzero(candidates.unreadable))

    slots = _holdout_slots(len(holdout), len(chosen), replace(account, answered=account.answered + len(front)))
    head = np.empty(len(slots), dtype=np.int64)
    head[slots], head[~slots] = holdout, chosen
    begin, end = len(front), len(front) + len(head)
    wanted = np.zeros(end + len(skipped))
    # All others ask for no score of their own: 0 is lifted to just above the task before it.
    wanted[begin:end][~slots] = candidates.scores[chosen]

    order = np.concatenate([front, head, skipped, unreadable])
    scores = np.concatenate([_strictly_increasing(wanted), np.full(len(unreadable), UNREADABLE)])
    from_holdout = np.zeros(len(order), dtype=bool)
    from_holdout[begin:end] = slots
    return Queue(candidates.task_ids[order], scores, from_holdout, len(wanted))


def _rows_of(wanted: Sequence[int], task_ids: IntArray, among: BoolArray) -> IntArray:
    """Rows of the wanted task ids, in their order, as far as they are among these."""
    row_of = {int(task_ids[row]): row for row in np.flatnonzero(among & np.isin(task_ids, wanted))}
    return np.array([row_of[task] for task in wanted if task in row_of], dtype=np.int64)


def _by_place(candidates: Candidates, which: IntArray) -> IntArray:
    order: IntArray = which[np.lexsort((candidates.task_ids[which], candidates.places[which]))]
    return order


def _holdout_slots(holdout: int, others: int, account: HoldoutAccount) -> BoolArray:
    """(holdout + others,) True where the slot is the holdout's."""
    slot = np.arange(1, holdout + others + 1)
    owed = np.floor(account.share * (account.answered + slot) + ROUNDING) - account.holdout_answered
    # What is owed grows by at most one a slot: given follows it, starting from none, as far as the holdout reaches.
    given = np.clip(np.minimum(owed, slot), 0, holdout)
    slots: BoolArray = np.diff(given, prepend=0) > 0
    slots |= np.cumsum(~slots) > others
    return slots


def _strictly_increasing(wanted: FloatArray) -> FloatArray:
    """Lift each value to at least `GAP` above the one before it, and keep all below 1."""
    steps = np.arange(len(wanted)) * GAP
    lifted = np.maximum.accumulate(wanted - steps) + steps
    highest = UNREADABLE - GAP - steps[::-1]
    increasing: FloatArray = np.minimum(lifted, highest)
    return increasing
