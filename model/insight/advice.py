"""The stop adviser: what the next labels are likely to bring, and the hours that they take."""

from dataclasses import asdict, dataclass
from typing import Any

from model.insight.evidence import Evidence
from model.metrics import NOT_ENOUGH, Estimate

STEPS = (100, 200, 500)
"""Numbers of further labels that advice is given on."""


@dataclass(frozen=True)
class Step:
    """Further labels.

    Attributes:
        labels: how many more.
        gain: in accuracy, e.g. 0.02 for two points; None where it would be a guess.
        hours: at the project's pace; None where that is unknown.
        note: "not enough labels yet", or empty.
    """

    labels: int
    gain: Estimate | None
    hours: float | None
    note: str


@dataclass(frozen=True)
class Advice:
    """What going on would bring.

    Attributes:
        n: counted arm labels behind it.
        labels: of the project now.
        steps: one for each of 100, 200 and 500 further labels.
    """

    n: int
    labels: int
    steps: tuple[Step, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists, numbers, texts and None."""
        return asdict(self)


def advise(evidence: Evidence, seconds_per_label: float | None) -> Advice:
    """What the next 100, 200 and 500 labels would bring.

    Args:
        evidence: of the project now.
        seconds_per_label: median seconds that an annotation takes, above 0; None where unknown.
    """
    hours = [None if seconds_per_label is None else count * seconds_per_label / 3600 for count in STEPS]
    steps = tuple(Step(count, None, hour, NOT_ENOUGH) for count, hour in zip(STEPS, hours, strict=True))
    return Advice(len(evidence.arm), len(evidence.labelled), steps)
