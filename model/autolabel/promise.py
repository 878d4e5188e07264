"""What is promised, and how each attempt to prove it is paid for."""

from dataclasses import dataclass
from math import ceil

from model.autolabel.bounds import check_promise, sample_size
from model.errors import InputError

FIRST_SHARE = 0.9
"""Of the risk, for the first attempt: it then needs hardly more audits than if it were the only one."""

LATER_SHARE = 0.5
"""Of the risk that is left, for each later attempt."""

FINITE = 1.03
"""What a finite set's audit takes more than that of a set without end, from some 2,500 images on."""


@dataclass(frozen=True)
class ErrorPromise:
    """At most this error in what is labelled automatically, with at least this confidence.

    Attributes:
        max_error: in (0, 1).
        confidence: in (0, 1).

    Raises:
        InputError: a value outside its range; no error at all can't be promised.
    """

    max_error: float
    confidence: float

    def __post_init__(self) -> None:
        check_promise(self.max_error, self.confidence)

    def risk(self, attempt: int) -> float:
        """Probability with which an attempt may certify a set that breaks the promise.

        The first attempt takes nine tenths of 1 - confidence, each later one half of what is left. Their sum stays
        below 1 - confidence however many there are, so the promise holds for all attempts together: each draws afresh,
        so that its own risk holds whatever was seen before.

        Args:
            attempt: 1 for the first; only failed audits count. (One that holds spends nothing: had its set broken the
                promise, all would have been lost already.)

        Returns:
            In (0, 1 - confidence).

        Raises:
            InputError: attempt below 1.
        """
        if attempt < 1:
            raise InputError(f"Attempts are counted from 1, got {attempt}.")
        whole = 1 - self.confidence
        if attempt == 1:
            return whole * FIRST_SHARE
        return whole * (1 - FIRST_SHARE) * LATER_SHARE ** (attempt - 1)

    def audit_budget(self, attempt: int) -> int:
        """Images to audit at most unless a person says otherwise: enough for one error among them.

        At 2 % and 95 % these are 250 in the first attempt, about 400 in the second.

        Args:
            attempt: 1 for the first.

        Raises:
            InputError: attempt below 1.
        """
        return ceil(FINITE * sample_size(self.max_error, 1 - self.risk(attempt), allowed_errors=1))
