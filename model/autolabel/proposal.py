"""Which images to label automatically: the most confident ones, as many as are likely to pass an audit."""

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr

from model.arrays import BoolArray, FloatArray, IntArray
from model.autolabel.audit import Plan
from model.autolabel.bounds import enough
from model.autolabel.promise import Promise
from model.errors import InputError

AUDIT_BUDGET = 250
"""Images that people may be asked to audit in one attempt."""

CHANCE = 0.8
"""With which a proposed set should pass."""

CANDIDATES = 200
"""Sets that are compared."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Labelled images, each predicted by a head that never saw its label.

    Attributes:
        confidences: (m,) in [0, 1], calibrated as the served ones are.
        right: (m,) whether the most probable class is the label.
        at_random: (m,) True for counted labels of the random arm; the others were chosen by a strategy, so they are
            harder than the pool and speak against a set rather than for it.
    """

    confidences: FloatArray
    right: BoolArray
    at_random: BoolArray

    def __post_init__(self) -> None:
        if not self.confidences.shape == self.right.shape == self.at_random.shape:
            raise InputError("Evidence needs a confidence, a right or wrong, and a source for each labelled image.")
        _check_confidences(self.confidences)


@dataclass(frozen=True, eq=False)
class Proposal:
    """A set to audit and then to label; empty where none can pass.

    Attributes:
        threshold: the set is all images of this confidence or more; above 1 where it is empty.
        rows: (s,) ascending rows of the confidences given.
        plan: of its audit; None where the set is empty.
        expected_error: of the set, as far as the evidence tells; None where the set is empty.
        chance: with which the audit is expected to pass, in [0, 1].
        note: what a person should know of it: why it is empty, or that passing is unlikely; else empty.
    """

    threshold: float
    rows: IntArray
    plan: Plan | None
    expected_error: float | None
    chance: float
    note: str


@dataclass(frozen=True, eq=False)
class PlainCut:
    """All images of a confidence or more, with nothing that proves anything.

    Attributes:
        threshold: in [0, 1].
        rows: (s,) ascending.
        note: that it is uncertified, and how many.
    """

    threshold: float
    rows: IntArray
    note: str


def check_classes(seen: int) -> None:
    """Refuse a project in which there is nothing to tell apart.

    Args:
        seen: classes that have a label.

    Raises:
        InputError: fewer than two.
    """
    if seen < 2:
        raise InputError(
            f"Labels of {seen} class{'es' if seen != 1 else ''}: a model needs two to tell apart. Label images of "
            "another class first."
        )


def uncertified(confidences: FloatArray, threshold: float) -> PlainCut:
    """The plain cut that people know.

    Args:
        confidences: (n,) in [0, 1], of unlabelled images.
        threshold: in [0, 1].

    Raises:
        InputError: a value outside these ranges.
    """
    _check_confidences(confidences)
    if not 0 <= threshold <= 1:
        raise InputError(f"The threshold must be between 0 and 1, got {threshold}.")
    rows = np.flatnonzero(confidences >= threshold)
    note = f"UNCERTIFIED: {len(rows)} images of confidence {threshold:g} or more; nobody knows how many are wrong."
    return PlainCut(threshold, rows, note)


def propose(
    confidences: FloatArray,
    evidence: Evidence,
    promise: Promise,
    *,
    audit_budget: int = AUDIT_BUDGET,
    attempt: int = 1,
    below: int | None = None,
) -> Proposal:
    """Propose the largest set {confidence >= threshold} that is likely to pass its audit.

    Args:
        confidences: (n,) in [0, 1], calibrated, of the unlabelled images that may be labelled automatically.
        evidence: what is known of the head's errors.
        promise: what the audit is to prove.
        audit_budget: images that may be audited, at least 1.
        attempt: 1 for the first; 1 + the number of audits that failed before.
        below: the set must be smaller than this: the size of the set that failed last.

    Raises:
        InputError: a value outside these ranges.
    """
    _check_confidences(confidences)
    promise.risk(attempt)
    if audit_budget < 1:
        raise InputError(f"An audit needs at least one image, got a budget of {audit_budget}.")
    if not len(confidences):
        return _nothing("There is no unlabelled image that could be labelled automatically.")
    order = np.argsort(-confidences, kind="stable")
    sizes = _sizes(confidences[order])
    if below is not None:
        sizes = sizes[sizes < below]
    best: Proposal | None = None
    for size in sizes[::-1].tolist():
        threshold = float(confidences[order[size - 1]])
        error = _expected_error(confidences[order[:size]], evidence, threshold)
        plan, chance = _plan(size, error, promise, audit_budget, attempt)
        if plan is None:
            continue
        proposal = Proposal(threshold, np.sort(order[:size]), plan, error, chance, "")
        if chance >= CHANCE:
            return proposal
        if best is None or chance > best.chance:
            best = proposal
    if best is None:
        return _nothing(f"No set can pass an audit of {audit_budget} images at attempt {attempt}.")
    return best


def _sizes(descending: FloatArray) -> IntArray:
    """Sizes of the sets that a threshold can cut off: images of equal confidence go together."""
    ends = np.flatnonzero(np.append(descending[:-1] > descending[1:], True)) + 1
    places = np.unique(np.linspace(0, len(ends) - 1, CANDIDATES).round().astype(np.int64))
    return ends[places]


def _expected_error(confidences: FloatArray, evidence: Evidence, threshold: float) -> float:
    above = evidence.confidences >= threshold
    wrong = float((~evidence.right[above]).sum())
    believed = float((1 - confidences).mean())
    return max(believed, wrong / max(int(above.sum()), 1))


def _plan(size: int, error: float, promise: Promise, audit_budget: int, attempt: int) -> tuple[Plan | None, float]:
    """The smallest audit that is likely to pass; else the most likely one. None where no audit can prove anything."""
    samples = np.arange(1, min(audit_budget, size) + 1)
    confidence = 1 - promise.risk(attempt)
    best, best_chance, allowed = None, 0.0, 0
    while len(fitting := enough(samples, size, allowed, promise.max_error, confidence)):
        n = int(fitting[0])
        chance = float(bdtr(allowed, n, error))
        if n == size:
            break
        if best is None or chance > best_chance:
            best, best_chance = Plan(size, n, allowed, attempt), chance
        if chance >= CHANCE:
            break
        allowed += 1
    return best, best_chance


def _nothing(note: str) -> Proposal:
    return Proposal(float("inf"), np.empty(0, dtype=np.int64), None, None, 0.0, note)


def _check_confidences(confidences: FloatArray) -> None:
    if confidences.ndim != 1 or not ((confidences >= 0) & (confidences <= 1)).all():
        raise InputError("Confidences must be one number between 0 and 1 for each image.")
