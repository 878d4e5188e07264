"""What is kept of auto-labellings: what was requested, what was proposed and audited, how far it is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from backend.store.records.json_record import JsonRecord


class AutolabelPhase(StrEnum):
    """How far an auto-labelling is."""

    AUDITING = "auditing"
    READY = "ready"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    REFUSED = "refused"
    CANCELLED = "cancelled"


WRITING = (AutolabelPhase.APPLYING, AutolabelPhase.UNDOING)
"""Label Studio is being written to: a job that was killed is taken up again."""

OPEN = (AutolabelPhase.AUDITING, AutolabelPhase.READY, *WRITING)
"""Not at an end: a project has one of these at a time."""


class AutolabelAction(StrEnum):
    """What a person can ask for."""

    PROPOSE = "propose"
    JUDGE = "judge"
    APPLY = "apply"
    UNDO = "undo"
    CANCEL = "cancel"


@dataclass(frozen=True)
class AutolabelRequest:
    """What is asked of an auto-labelling: a promise, or a plain cut.

    Attributes:
        max_error: largest error in what is labelled automatically; None for a plain cut.
        confidence: of that promise; None for a plain cut.
        threshold: of a plain cut; None for a promise.
    """

    max_error: float | None = None
    confidence: float | None = None
    threshold: float | None = None

    def __str__(self) -> str:
        if self.threshold is not None:
            return f"a plain cut at {self.threshold:g}"
        return f"an error of at most {self.max_error or 0:.2%} with {self.confidence or 0:.0%} confidence"


@dataclass(frozen=True)
class AutolabelCommand(JsonRecord):
    """What somebody asked for.

    Attributes:
        name: from the time; an auto-labelling that is proposed takes it over.
        request: of a proposal.
    """

    name: str
    action: AutolabelAction
    request: Annotated[AutolabelRequest, Field(alias="wish")]


@dataclass(frozen=True)
class AuditedTask:
    """A task under audit, and since when: ISO 8601. Nobody is shown a prediction of it from then on."""

    task: int
    drawn_at: str


@dataclass(frozen=True)
class Autolabeling(JsonRecord):
    """An auto-labelling and how far it is.

    Attributes:
        name: also the certificate's id, which every automatic annotation carries.
        message: the last that is to be said of it, for people.
        version: whose head predicted the set; empty where there was none.
        backbone: of that version, or the one that there was no version of yet.
        classes: of the label config when the set was proposed.
        label_config: SHA-256 of the label config then.
        attempt: from 1; 0 before there is a set, and for a plain cut.
        threshold: of the confidence, of the set.
        size: of the set, audited tasks included.
        sample_size, allowed_errors: of the audit.
        seed: of the audit's draw.
        audit: tasks that people are to answer, in the order drawn.
        left_out: tasks that are no part of the set any more: drawn, but somebody had begun before; or predicted by
            another model since.
        done, total: tasks written or taken back so far, and of all.
        problem: why writing stopped and waits for somebody; empty where it did not.
    """

    name: str
    phase: AutolabelPhase
    request: Annotated[AutolabelRequest, Field(alias="wish")]
    message: str
    version: str = ""
    backbone: str = ""
    classes: tuple[str, ...] = ()
    label_config: str = ""
    attempt: int = 0
    threshold: float = 1.0
    size: int = 0
    sample_size: int = 0
    allowed_errors: int = 0
    seed: int = 0
    audit: tuple[AuditedTask, ...] = ()
    left_out: tuple[int, ...] = ()
    done: int = 0
    total: int = 0
    problem: str = ""

    @property
    def certified(self) -> bool:
        """Whether a promise stands behind it, or is to."""
        return self.request.threshold is None


@dataclass(frozen=True)
class Candidate:
    """A task of a proposed set, with the class and the confidence in [0, 1] that were predicted."""

    task: int
    choice: str
    confidence: float
