"""The holdout: a share of the tasks, fixed by a hash, that no strategy chooses and on which all is measured."""

import hashlib

import numpy as np

from model.arrays import BoolArray, FloatArray, IntArray
from model.errors import InputError

SLACK = 10
"""Holdout tasks that may lie unanswered before one that counts: locks, several annotators and a queue that was just
rebuilt disturb the order a little without choosing anything."""

BLOCK = 1024


def hash_position(project_key: str, task_id: int) -> float:
    """Place of a task in [0, 1), fixed before anything is known of it.

    Args:
        project_key: names the Label Studio and the project, so that projects don't share a holdout.
        task_id: the task.
    """
    digest = hashlib.blake2b(f"{project_key}\n{task_id}".encode(), digest_size=8).digest()
    # 53 bits: all that a float64 in [0, 1) holds.
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def hash_positions(project_key: str, task_ids: IntArray) -> FloatArray:
    """`hash_position` of each task: (n,) float64 in [0, 1)."""
    return np.array([hash_position(project_key, int(task_id)) for task_id in task_ids], dtype=np.float64)


def in_holdout(positions: FloatArray, share: float) -> BoolArray:
    """Which tasks belong to the holdout.

    Args:
        positions: (n,) in [0, 1), of `hash_positions`.
        share: of all tasks, in [0, 1]; a holdout of a larger share holds that of a smaller.

    Raises:
        InputError: share outside [0, 1].
    """
    if not 0 <= share <= 1:
        raise InputError(f"The holdout's share must be between 0 and 1, got {share}.")
    members: BoolArray = positions < share
    return members


def counted(positions: FloatArray, created_at: FloatArray, answered_at: FloatArray, *, slack: int = SLACK) -> BoolArray:
    """Which of the holdout's tasks were answered in their order, so that nobody's choice is in the sample.

    An answer counts unless more than `slack` holdout tasks that come before it in hash order existed at its time and
    had no answer yet. An answer is the first annotation by a person, a skip included: a skip is no label, but it kept
    the order.

    Args:
        positions: (n,) in [0, 1), of all of the project's holdout tasks but those whose image can't be read: these stay
            open for ever.
        created_at: (n,) seconds, when each task came to be.
        answered_at: (n,) seconds of its first answer, NaN where there is none.
        slack: how many earlier tasks may lie open, >= 0.

    Returns:
        (n,) True where there is an answer and it counts.

    Raises:
        InputError: arrays of different lengths, or a slack below 0.
    """
    if not positions.shape == created_at.shape == answered_at.shape or slack < 0:
        raise InputError(
            "Positions, creation and answer times must have one entry for each holdout task, slack 0 or more."
        )
    order = np.argsort(positions, kind="stable")
    times = answered_at[order]
    known = np.nan_to_num(times, nan=np.inf)
    created = np.minimum(created_at[order], known)
    open_before = _earlier(created, times) - _earlier(known, times)
    in_order = np.empty(len(order), dtype=bool)
    in_order[order] = ~np.isnan(times) & (open_before <= slack)
    return in_order


def _earlier(events: FloatArray, times: FloatArray) -> IntArray:
    """For each i: how many j < i have events[j] <= times[i].

    In blocks: 20,000 tasks take a few hundredths of a second.
    """
    counts = np.empty(len(times), dtype=np.int64)
    for start in range(0, len(times), BLOCK):
        block = slice(start, start + BLOCK)
        counts[block] = np.searchsorted(np.sort(events[:start]), times[block], side="right")
        counts[block] += np.tril(events[block] <= times[block, None], k=-1).sum(axis=1)
    return counts
