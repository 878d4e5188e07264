"""Which images to label automatically: the most confident ones, as many as promise most after their audit."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr

from model.arrays import FloatArray, IntArray
from model.autolabel.audit import AuditPlan
from model.autolabel.bounds import enough
from model.autolabel.promise import ErrorPromise
from model.autolabel.reliability import OutOfFoldPredictions, check_confidences, error_curves
from model.errors import InputError

LIKELY = 0.75
"""A set that passes with a smaller chance is proposed with a note."""

LEAST_CHANCE = 0.2
"""Below, an audit is a waste of people's time."""

CANDIDATES = 200
"""Sets that are compared."""

MOST_ALLOWED = 20
"""Errors that a plan may allow; more need samples of thousands."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A set to audit and then to label; empty where none can pass.

    Attributes:
        threshold: the set is all images of this confidence or more; infinite where it is empty.
        rows: (s,) ascending rows of the confidences given.
        plan: of its audit; None where the set is empty.
        expected_error: of the set, as far as the evidence tells; None where the set is empty.
        chance: with which the audit is expected to pass, in [0, 1].
        note: what a person should know of it: why it is empty, or that passing is unlikely; else empty.
    """

    threshold: float
    rows: IntArray
    plan: AuditPlan | None
    expected_error: float | None
    chance: float
    note: str


@dataclass(frozen=True)
class _Candidate:
    plan: AuditPlan
    expected_error: float
    chance: float

    @property
    def gain(self) -> float:
        """Images that nobody will have to look at, on average: none where the audit fails."""
        return self.chance * (self.plan.size - self.plan.sample_size)


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


def propose(
    confidences: FloatArray,
    evidence: OutOfFoldPredictions,
    promise: ErrorPromise,
    *,
    audit_budget: int | None = None,
    attempt: int = 1,
    below: int | None = None,
) -> Proposal:
    """Propose the set {confidence >= threshold} and the audit that leave most images to the model on average.

    A larger set saves more where its audit passes, and passes less often. What the evidence says decides how large a
    set is and whether it passes, never whether a certificate is right: that is the audit's alone.

    Args:
        confidences: (n,) in [0, 1], calibrated, of the unlabelled images that may be labelled automatically.
        evidence: what is known of the head's errors.
        promise: what the audit is to prove.
        audit_budget: images that may be audited, at least 1; None takes the promise's own.
        attempt: 1 for the first; 1 + the number of audits that failed before.
        below: the set must be smaller than this: the size of the set that failed last.

    Raises:
        InputError: a value outside these ranges.
    """
    check_confidences(confidences)
    if audit_budget is None:
        audit_budget = promise.audit_budget(attempt)
    if audit_budget < 1:
        raise InputError(f"An audit needs at least one image, got a budget of {audit_budget}.")
    if not len(confidences):
        return _nothing("There is no unlabelled image that could be labelled automatically.")
    order = np.argsort(-confidences, kind="stable")
    sizes = _sizes(confidences[order], len(confidences) + 1 if below is None else below)
    candidates = _candidates(sizes, _errors(confidences[order], evidence, sizes), promise, audit_budget, attempt)
    best = max(candidates, key=lambda candidate: candidate.gain, default=None)
    if best is None:
        return _nothing(_no_audit(len(confidences), promise, audit_budget, attempt))
    if best.chance < LEAST_CHANCE:
        return _nothing(
            f"No image is confident enough: the best set would pass its audit with a chance of {best.chance:.0%} only. "
            "Label more images first."
        )
    size = best.plan.size
    note = (
        "" if best.chance >= LIKELY else f"It passes with a chance of {best.chance:.0%} only: more labels would help."
    )
    return Proposal(
        threshold=float(confidences[order[size - 1]]),
        rows=np.sort(order[:size]),
        plan=best.plan,
        expected_error=best.expected_error,
        chance=best.chance,
        note=note,
    )


def _sizes(descending: FloatArray, below: int) -> IntArray:
    """Sizes of the sets that a threshold can cut off, ascending: images of equal confidence go together."""
    ends = np.flatnonzero(np.append(descending[:-1] > descending[1:], True)) + 1
    ends = ends[ends < below]
    places = np.unique(np.linspace(0, len(ends) - 1, min(CANDIDATES, len(ends))).round().astype(np.int64))
    return ends[places]


def _errors(descending: FloatArray, evidence: OutOfFoldPredictions, sizes: IntArray) -> FloatArray:
    """(draws, sizes) errors expected in each set."""
    sums = np.cumsum(error_curves(evidence, descending), axis=1)
    errors: FloatArray = sums[:, sizes - 1] / sizes
    return errors


def _candidates(
    sizes: IntArray, errors: FloatArray, promise: ErrorPromise, audit_budget: int, attempt: int
) -> Iterator[_Candidate]:
    """Each set with each audit that takes at most half of it: more is labelling by hand."""
    samples = np.arange(1, audit_budget + 1)
    for size, of_set in zip(sizes.tolist(), errors.T, strict=True):
        for allowed in range(MOST_ALLOWED + 1):
            fitting = enough(samples[: size // 2], size, allowed, promise.max_error, 1 - promise.risk(attempt))
            if not len(fitting):
                break
            plan = AuditPlan(size, int(fitting[0]), allowed, attempt)
            chance = float(bdtr(allowed, plan.sample_size, of_set).mean())
            yield _Candidate(plan, float(np.median(of_set)), chance)


def _no_audit(images: int, promise: ErrorPromise, audit_budget: int, attempt: int) -> str:
    promised = f"{promise.max_error:.2%} at {promise.confidence:.0%} (attempt {attempt})"
    if images <= 2 * audit_budget:
        return f"To prove {promised}, people would have to label most of the {images} images: label them all by hand."
    return f"No audit of {audit_budget} images or fewer proves {promised}: allow more audits, or a larger error."


def _nothing(note: str) -> Proposal:
    return Proposal(float("inf"), np.empty(0, dtype=np.int64), None, None, 0.0, note)
