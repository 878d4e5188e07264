"""Predictions of other models, as the mirror keeps them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ForeignPrediction:
    """The newest prediction of a task that is not ours.

    Attributes:
        choice: as it was stored; the label config may have another name for it, or none, by now.
        confidence: of the choice, in [0, 1]; None where the model did not say.
        model_version: who says so.
    """

    task_id: int
    choice: str
    confidence: float | None
    model_version: str
