"""Propose what to label automatically, and draw the audit that is to prove it."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from backend.label_studio.config import Labeling
from backend.store.dataset import Dataset
from backend.store.records.autolabeling import AutolabelRequest, Candidate
from model.arrays import FloatArray, IntArray
from model.autolabel.audit import AuditPlan, draw_audit
from model.autolabel.cut import uncertified
from model.autolabel.out_of_fold import gather
from model.autolabel.promise import ErrorPromise
from model.autolabel.proposal import check_classes, propose
from model.autolabel.reliability import OutOfFoldPredictions
from model.graph import affinity
from model.head.head import Head

NAMED = 5
"""Classes without a label that a message names."""


@dataclass(frozen=True)
class Proposed:
    """A set of tasks to label automatically; empty where there is none.

    Attributes:
        candidates: by ascending task.
        threshold: of their confidence.
        plan: of the audit; None for a plain cut, and where no set can pass.
        note: what a person should know of it; empty where there is nothing to say.
    """

    candidates: list[Candidate]
    threshold: float
    plan: AuditPlan | None
    note: str


@dataclass(frozen=True)
class Round:
    """One proposal among those that it may take.

    Attributes:
        attempt: 1 + the number of audits that failed before.
        below: the set must be smaller than this, the one that failed last; None where none did.
    """

    attempt: int = 1
    below: int | None = None


@dataclass(frozen=True, eq=False)
class Heads:
    """What a version predicts with.

    Attributes:
        quick: fitted on the labels.
        served: whose predictions are to be submitted; the quick one before the second stage.
        nearest: (n, c) of `model.graph.neighbours`, of the dataset's images; None where the quick head is served.
    """

    quick: Head
    served: Head
    nearest: IntArray | None


def find_candidates(
    dataset: Dataset,
    heads: Heads | None,
    labeling: Labeling,
    touched: Collection[int],
    request: AutolabelRequest,
    this_round: Round,
) -> Proposed:
    """The largest set that may keep the promise, or all tasks above the threshold of a plain cut.

    Unlabelled tasks of the holdout are never in it: what is measured on the holdout must not depend on the model.

    Args:
        dataset: the project as it is.
        heads: of the active version; None before two classes have a label.
        labeling: the project's label config, read.
        touched: tasks that have an annotation of any kind.
        request: what was asked for.
        this_round: which proposal it is, among those it may take.

    Raises:
        InputError: a promise or a threshold that can't be, or fewer than two classes with a label.
    """
    check_classes(dataset.classes_seen)
    promise = (
        None if request.threshold is not None else ErrorPromise(request.max_error or 0.0, request.confidence or 0.0)
    )
    free = dataset.pool & ~dataset.in_holdout & ~np.isin(dataset.task_ids, list(touched))
    rows, choices, confidences = _predicted(
        dataset, None if heads is None else heads.served, labeling, np.flatnonzero(free)
    )
    if promise is None:
        cut = uncertified(confidences, request.threshold or 0.0)
        chosen, threshold, plan, note = cut.rows, cut.threshold, None, cut.note
    else:
        proposal = propose(
            confidences, _evidence(dataset, heads), promise, attempt=this_round.attempt, below=this_round.below
        )
        chosen, threshold, plan, note = proposal.rows, proposal.threshold, proposal.plan, proposal.note
    candidates = [
        Candidate(int(dataset.task_ids[rows[place]]), choices[place], float(confidences[place]))
        for place in chosen.tolist()
    ]
    return Proposed(candidates, threshold, plan, " ".join(filter(None, [note, _classes_never_seen(dataset)])))


def draw(candidates: list[Candidate], count: int, seed: int) -> list[int]:
    """Tasks to audit, in the order drawn; with a larger count the first ones stay the same."""
    tasks = np.array([each.task for each in candidates], dtype=np.int64)
    drawn: list[int] = draw_audit(tasks, count, seed).tolist()
    return drawn


def seed_of(name: str, attempt: int) -> int:
    """Seed of an attempt's draw: another one for each."""
    return int.from_bytes(hashlib.blake2b(f"{name}/{attempt}".encode(), digest_size=6).digest(), "big")


def _predicted(
    dataset: Dataset, head: Head | None, labeling: Labeling, rows: IntArray
) -> tuple[IntArray, list[str], FloatArray]:
    """Those rows whose predicted class the label config still has, with class and confidence."""
    if head is None or not len(rows):
        return rows[:0], [], np.zeros(0)
    probabilities = head.probabilities(dataset.features[rows])
    best = probabilities.argmax(axis=1)
    current = [labeling.current(name) for name in head.classes]
    kept = np.array([current[column] is not None for column in best.tolist()], dtype=bool)
    choices = [current[column] or "" for column in best[kept].tolist()]
    # A sum of rounded numbers may be a hair above one.
    confidences = np.clip(probabilities.max(axis=1)[kept].astype(np.float64), 0.0, 1.0)
    return rows[kept], choices, confidences


def _classes_never_seen(dataset: Dataset) -> str:
    """A warning: neither confidence nor evidence knows of a class without a label, only the audit does."""
    seen = set(dataset.targets[dataset.labelled].tolist())
    missing = [name for index, name in enumerate(dataset.classes) if index not in seen]
    if not missing:
        return ""
    names = ", ".join(missing[:NAMED]) + (" …" if len(missing) > NAMED else "")
    return f"No image of {names} is labelled yet: the model takes these for others. Label some first, if there are any."


def _evidence(dataset: Dataset, heads: Heads | None) -> OutOfFoldPredictions:
    """Every label, predicted by a head of the served kind that never saw it."""
    if heads is None:
        return OutOfFoldPredictions(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0, dtype=bool))
    column = np.full(len(dataset.classes) + 1, -1)
    for index, name in enumerate(heads.quick.classes):
        if name in dataset.classes:
            column[dataset.classes.index(name)] = index
    return gather(
        heads.quick,
        heads.served,
        dataset.features,
        column[dataset.targets],
        dataset.counted,
        None if heads.nearest is None else affinity(heads.nearest),
    )
