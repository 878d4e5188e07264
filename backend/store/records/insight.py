"""What the second stage of a version says of its project, as it is kept."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from backend.store.records.json_record import JsonRecord
from model.head.evaluation import Estimate
from model.insight.results import AccuracyNow, Advice, LabelsSaved


@dataclass(frozen=True)
class Calibration:
    """How far the served head's confidences can be believed.

    Attributes:
        n: counted holdout labels behind it.
        calibrated: whether they are enough to fit the temperature.
        labels_needed: for that.
        temperature: of the served head; None where there is none.
        error: expected calibration error; None where too few labels stand behind it.
        note: "not enough labels yet", or empty.
    """

    n: int
    calibrated: bool
    labels_needed: int
    temperature: float | None
    error: Estimate | None
    note: str


@dataclass(frozen=True)
class StopAdvice(Advice):
    """What going on would bring, and what it would take.

    Attributes:
        seconds_per_label: median seconds that a person takes for an annotation; None where unknown.
        timed_annotations: that it was read from.
        note: why the pace is unknown, or empty.
    """

    seconds_per_label: float | None
    timed_annotations: int
    note: str


@dataclass(frozen=True)
class Insight(JsonRecord):
    """All figures of a project at one version.

    Attributes:
        made_at: ISO 8601, UTC.
        labels: of the project.
        holdout_labels: of them, counted labels of the holdout.
    """

    made_at: str
    labels: int
    holdout_labels: Annotated[int, Field(alias="arm_labels")]
    accuracy: AccuracyNow
    calibration: Calibration
    labels_saved: LabelsSaved
    stop_adviser: StopAdvice
