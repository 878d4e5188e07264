"""The audit: a random sample of the proposed set, labelled by people who see no prediction, and what it proves."""

from dataclasses import dataclass

import numpy as np

from model.arrays import BoolArray, IntArray
from model.autolabel.bounds import ROUNDING, error_bound, errors_left
from model.autolabel.promise import ErrorPromise
from model.errors import InputError


@dataclass(frozen=True)
class AuditPlan:
    """What an attempt's audit looks at, fixed before the first answer.

    Attributes:
        size: of the set, at least `sample_size`.
        sample_size: images to audit.
        allowed_errors: errors in the sample up to which the promise holds.
        attempt: 1 for the first; 1 + the number of audits that failed before.
    """

    size: int
    sample_size: int
    allowed_errors: int
    attempt: int


@dataclass(frozen=True)
class AuditVerdict:
    """What the answers given so far prove.

    Attributes:
        plan: of the attempt.
        promise: what was to be proved.
        answered: answers so far.
        errors: of them, wrong predictions.
        decided: False while answers are missing that could decide either way.
        holds: the promise is proved for the part of the set that was not audited.
        bound: upper bound of the error in that part, at the attempt's risk; exact for a set of this size
            (hypergeometric).
        binomial_bound: the same for a set without end (Clopper-Pearson).
    """

    plan: AuditPlan
    promise: ErrorPromise
    answered: int
    errors: int
    decided: bool
    holds: bool
    bound: float
    binomial_bound: float

    @property
    def rest(self) -> int:
        """Images of the set that people don't audit: those that would be labelled automatically."""
        return self.plan.size - self.plan.sample_size

    @property
    def message(self) -> str:
        """All of it in a sentence or two, for people."""
        seen = f"{self.errors} wrong of {self.answered} audited"
        if not self.decided:
            missing = self.plan.sample_size - self.answered
            return f"{seen}; {missing} answers are missing, {self.plan.allowed_errors} may be wrong in all."
        if not self.rest:
            return f"{seen}: people have labelled the whole set, nothing is left to label automatically."
        promised = f"{self.promise.max_error:.2%}"
        claim = (
            f"at most {self.bound:.2%} of the other {self.rest} are wrong ({self.promise.confidence:.0%} confidence)"
        )
        if self.holds:
            return f"{seen}: {claim}; {promised} was promised."
        return (
            f"{seen}, {self.plan.allowed_errors} were allowed: {claim}, {self.bound - self.promise.max_error:.2%} more "
            f"than the {promised} promised. Nothing is labelled; attempt {self.plan.attempt + 1} takes a smaller set."
        )


def draw_audit(rows: IntArray, n: int, seed: int) -> IntArray:
    """Draw the sample: each subset of n rows is as likely as any other.

    Args:
        rows: (s,) of the proposed set, each once.
        n: how many; all rows where there are fewer.
        seed: another one for each attempt.

    Returns:
        (min(n, s),) rows in random order.

    Raises:
        InputError: n below 0, or a row given twice.
    """
    if n < 0 or len(np.unique(rows)) != len(rows):
        raise InputError("An audit needs a sample of at least no image, and each image of the set once.")
    # Sorted first: the sample depends on the set, not on the order in which it came.
    drawn: IntArray = np.random.default_rng(seed).permutation(np.sort(rows))[:n]
    return drawn


def judge(right: BoolArray, plan: AuditPlan, promise: ErrorPromise) -> AuditVerdict:
    """Say what the audit's answers prove.

    An attempt fails as soon as it has more errors than are allowed: the answers that are missing could not save it. It
    holds only when all have come, because looking earlier would be another attempt.

    Args:
        right: (m,) of the answers so far, whether the prediction agrees with the person; m at most the sample's size.
            An image that people skip or can't agree on counts as wrong.
        plan: of this attempt.
        promise: what is to be proved.

    Raises:
        InputError: more answers than the sample has images.
    """
    answered, errors = len(right), int((~right).sum())
    if answered > plan.sample_size:
        raise InputError(f"{answered} answers to an audit of {plan.sample_size} images.")
    confidence = 1 - promise.risk(plan.attempt)
    left = errors_left(errors, answered, plan.size, confidence)
    rest = plan.size - plan.sample_size
    # What is not answered yet will be seen by people: only the rest is left to the model.
    bound = min(left / rest, 1.0) if rest else 0.0
    decided = errors > plan.allowed_errors or answered == plan.sample_size
    holds = decided and errors <= plan.allowed_errors and left <= promise.max_error * rest + ROUNDING
    return AuditVerdict(
        plan=plan,
        promise=promise,
        answered=answered,
        errors=errors,
        decided=decided,
        holds=holds,
        bound=bound,
        binomial_bound=error_bound(errors, answered, confidence),
    )
