"""What is kept of a version besides its head and its queue: what made it, and what it was measured at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, NamedTuple, Self

from pydantic import Field

from backend.store.labels import Label
from backend.store.records.json_record import JsonRecord
from model.head.evaluation import Estimate, Evaluation
from model.insight.results import PromotionVerdict


class RecordedLabel(NamedTuple):
    """A label that a version was made of; a list in JSON.

    Attributes:
        updated_at: ISO 8601, when one of its annotations was last changed.
    """

    task: int
    choice: str
    annotations: tuple[int, ...]
    updated_at: str

    @classmethod
    def of(cls, label: Label) -> Self:
        """The record of a label."""
        return cls(label.task_id, label.choice, tuple(label.annotation_ids), label.updated_at.isoformat())

    def is_still(self, label: Label | None) -> bool:
        """Whether the task's label is the recorded one, unchanged since."""
        return label is not None and (self.choice, self.updated_at) == (label.choice, label.updated_at.isoformat())


def changed_labels(recorded: Iterable[RecordedLabel], labels: Mapping[int, Label]) -> set[int]:
    """Tasks whose label is new, another one, or gone since it was recorded.

    Args:
        recorded: labels that a version was made of.
        labels: today's, by task.
    """
    unchanged = {each.task for each in recorded if each.is_still(labels.get(each.task))}
    return ({each.task for each in recorded} | labels.keys()) - unchanged


@dataclass(frozen=True)
class RecordedSettings(JsonRecord):
    """What a version depends on besides labels and images: when it changes, a new one is made of the same labels.

    Two that are equal now must be equal when they are read by a later release, else every project is trained anew.

    Attributes:
        code: release of this software.
        backbone: version of the one whose features the head takes.
        classes: of the label config, in its order.
        seed: of all draws.
        holdout_share: of the tasks, in [0, 1].
        strategy: that was asked for.
        near_duplicate: see `Settings.near_duplicate`.
        foreign: names the other models whose predictions the mirror held; empty where they are not looked at.
    """

    code: str
    backbone: str
    classes: tuple[str, ...]
    seed: int
    holdout_share: Annotated[float, Field(alias="arm_share")]
    strategy: str
    near_duplicate: float | None = None
    foreign: str = ""


@dataclass(frozen=True)
class VersionRecord(JsonRecord):
    """What made a version.

    Attributes:
        labels: that its head was trained on.
        settings: what else it depends on.
        strategy: that ordered its queue.
        evaluation: of its head, on the counted labels of the holdout; None while there are none.
        out_of_fold: task and class of each counted holdout label, predicted by a head that never saw it.
        origin: the version that its head was trained for; empty in records of releases without rejection.
        promotion: how it compares with the version that was active; None where the two can't be compared.
        audit: tasks that an audit asks for, which lead its queue.
        foreign: how its head compares with other models' predictions, which are its pre-annotations while that is
            `blocked`; None where there are none.
        seconds: that the run took, by `seconds:<stage>`, and what else was counted.
        has_head: whether its head is among its files; None in records of releases that did not say.
    """

    labels: tuple[RecordedLabel, ...]
    settings: RecordedSettings
    strategy: str
    evaluation: Evaluation | None
    out_of_fold: tuple[tuple[int, str], ...] = ()
    origin: str = ""
    promotion: PromotionVerdict | None = None
    audit: tuple[int, ...] = ()
    foreign: PromotionVerdict | None = None
    seconds: Mapping[str, int | float] = field(default_factory=dict)
    has_head: bool | None = None

    @property
    def foreign_leads(self) -> bool:
        """Whether other models' predictions are this version's pre-annotations, where there are any."""
        return self.foreign is not None and self.foreign.blocked


@dataclass(frozen=True)
class Rejection:
    """Why a version never became active.

    Attributes:
        origin: of the version that was active, and stayed so.
        reason: a sentence.
    """

    origin: Annotated[str, Field(alias="than")]
    reason: Annotated[str, Field(alias="why")]


@dataclass(frozen=True)
class ServedFigures:
    """What the head of a version's second stage was measured at; None where too few labels stand behind a figure."""

    accuracy: Estimate | None
    calibration_error: Estimate | None


@dataclass(frozen=True)
class VersionFigures(JsonRecord):
    """What is kept of a version for the history: few numbers, for there may be thousands of versions.

    Attributes:
        labels: that it was made of; None for a version that is older than its history.
        holdout_labels: of them, counted labels of the holdout; None likewise.
        accuracy: of the quick head; None where too few labels stand behind it.
        rejection: None for a version that was not rejected.
        served: None before the second stage.
    """

    labels: int | None = None
    holdout_labels: Annotated[int | None, Field(alias="arm_labels")] = None
    accuracy: Estimate | None = None
    rejection: Annotated[Rejection | None, Field(alias="kept_back")] = None
    served: ServedFigures | None = None


@dataclass(frozen=True)
class HistoryEntry:
    """A version in the project's history, its files kept or not.

    Attributes:
        activated_at: when it became active; None for one that never did.
        figures: what it was measured at.
    """

    name: str
    created_at: datetime
    activated_at: datetime | None
    figures: VersionFigures
