"""A promise, what one project answers, and what all of them together say."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from model.head.evaluation import Estimate, wilson


@dataclass(frozen=True)
class Promise:
    """Something that is to hold in a share of all projects.

    Attributes:
        name: short, e.g. "accuracy".
        text: what holds, for a reader of the table.
        least: the share of projects in which it must hold, in [0, 1].
    """

    name: str
    text: str
    least: float


@dataclass(frozen=True)
class Answer:
    """What one project says of one promise.

    Attributes:
        promise: its name.
        held: whether it held; None where nothing was promised, e.g. for want of labels.
        details: what a reader may want to look at, as JSON.
    """

    promise: str
    held: bool | None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tally:
    """What all projects say of one promise.

    Attributes:
        promise: which.
        held: projects in which it held.
        given: projects in which it was given.
        projects: all.
    """

    promise: Promise
    held: int
    given: int
    projects: int

    @property
    def share(self) -> Estimate | None:
        """Of the projects in which it was given, the share in which it held; None where it never was."""
        return wilson(self.held, self.given) if self.given else None

    @property
    def kept(self) -> bool:
        """Whether it held often enough. A promise that was never given is not kept: nothing was shown."""
        return self.share is not None and self.share.value >= self.promise.least


def tally(promise: Promise, answers: Iterable[Answer]) -> Tally:
    """Count the answers to a promise, one a project."""
    held = [answer.held for answer in answers if answer.promise == promise.name]
    return Tally(promise, held.count(True), len(held) - held.count(None), len(held))
