"""Labels saved: how many random labels the accuracy of now would have taken."""

from dataclasses import asdict, dataclass
from typing import Any

from model.insight.evidence import Evidence
from model.metrics import NOT_ENOUGH


@dataclass(frozen=True)
class Range:
    """Where a number of labels lies, with 95 % confidence.

    Attributes:
        low: at least so many.
        value: the best guess; None where it would be extrapolation beyond what the arm supports.
        high: at most so many; None where the arm does not bound it ("at least `low`").
    """

    low: int
    value: int | None
    high: int | None


@dataclass(frozen=True)
class LabelsSaved:
    """Labels given against random labels needed for the same accuracy.

    Attributes:
        n: counted arm labels behind it.
        labels: of the project now.
        random_labels: how many random ones the accuracy of now would have taken; None without labels enough.
        saved: `random_labels` less `labels`; below zero where random ones would have done better.
        note: "not enough labels yet", "at least 320 random labels", or empty.
    """

    n: int
    labels: int
    random_labels: Range | None
    saved: Range | None
    note: str

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, numbers, texts and None."""
        return asdict(self)


def labels_saved(evidence: Evidence) -> LabelsSaved:
    """Find the number of random labels that the accuracy of now would have taken."""
    return LabelsSaved(len(evidence.arm), len(evidence.labelled), None, None, NOT_ENOUGH)
