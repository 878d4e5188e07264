"""What the workers count for `/metrics`, in Redis because a work-horse dies with its own memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self


class RunOutcome(StrEnum):
    """How a run of the loop ended, as it is counted."""

    PUBLISHED = "published"
    REJECTED = "kept_back"
    UNCHANGED = "unchanged"
    EMPTY = "empty"
    UNSUPPORTED = "unsupported"
    MISSING = "missing"
    FORGOTTEN = "forgotten"
    POSTPONED = "postponed"
    FAILED = "failed"


class SecondStageOutcome(StrEnum):
    """How a version's second stage ended, as it is counted."""

    MADE = "made"
    GIVEN_UP = "given_up"
    FAILED = "failed"


@dataclass
class Counters:
    """What was done: of one piece of work, or of all since Redis was empty.

    In Redis, and in a version's record, each has a name: `images`, or `runs:published` where there are several.

    Attributes:
        runs: how many, by `RunOutcome`.
        second_stages: how many, by `SecondStageOutcome`.
        seconds: spent, by the name of the stage.
        images: embedded by runs.
        predictions: stored in Label Studio by runs.
        tracked: items that MLflow has.
    """

    runs: dict[str, float] = field(default_factory=dict)
    second_stages: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    images: float = 0.0
    predictions: float = 0.0
    tracked: float = 0.0

    @classmethod
    def read(cls, stored: Mapping[str, float]) -> Self:
        """Read what `by_name` made; names that are none of ours are left out."""
        counters = cls()
        for name, value in stored.items():
            family, _, label = name.partition(":")
            if label and family in _LABELLED:
                getattr(counters, family)[label] = value
            elif name in _PLAIN:
                setattr(counters, name, value)
        return counters

    def by_name(self) -> dict[str, float]:
        """All that is not zero."""
        families = [(family, getattr(self, family)) for family in _LABELLED]
        labelled = {f"{family}:{label}": value for family, counted in families for label, value in counted.items()}
        plain = {name: getattr(self, name) for name in _PLAIN}
        return {name: value for name, value in (labelled | plain).items() if value}


_LABELLED = ("runs", "second_stages", "seconds")
_PLAIN = ("images", "predictions", "tracked")
