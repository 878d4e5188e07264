"""Accuracy now: overall and by class, where enough of the holdout's labels stand behind it."""

from dataclasses import asdict, dataclass
from typing import Any

from model.head.metrics import NOT_ENOUGH, Estimate, Evaluation
from model.insight.inputs import LEAST_HOLDOUT_LABELS

LEAST_CLASS_LABELS = 10
"""Counted labels of a class below which it gets no figure of its own."""


@dataclass(frozen=True)
class ClassAccuracy:
    """A class's figures; None where too few labels, or predictions, stand behind them.

    Attributes:
        n: counted holdout labels of the class.
        note: "not enough labels yet", or empty.
        recall: of the class's images, the share that is recognised.
        precision: of the images that are given the class, the share that is of it.
    """

    n: int
    note: str
    recall: Estimate | None
    precision: Estimate | None


@dataclass(frozen=True)
class AccuracyNow:
    """How often the version is right on an image of the project, drawn at random, whose label it does not know.

    On the images that are left it is right more often, where strategies have already asked for the hard ones.

    Attributes:
        n: counted holdout labels behind it.
        note: "not enough labels yet", or empty.
        accuracy: None with fewer than 20.
        per_class: by class.
    """

    n: int
    note: str
    accuracy: Estimate | None
    per_class: dict[str, ClassAccuracy]

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, numbers, texts and None."""
        return asdict(self)


def accuracy_now(evaluation: Evaluation | None) -> AccuracyNow:
    """The accuracy that may be shown.

    Args:
        evaluation: of out-of-fold predictions of the holdout's counted labels; None where there are none.
    """
    if evaluation is None:
        return AccuracyNow(0, NOT_ENOUGH, None, {})
    enough = evaluation.n >= LEAST_HOLDOUT_LABELS
    return AccuracyNow(
        n=evaluation.n,
        note="" if enough else NOT_ENOUGH,
        accuracy=evaluation.accuracy if enough else None,
        per_class={
            name: ClassAccuracy(
                n=found.count,
                note="" if found.count >= LEAST_CLASS_LABELS else NOT_ENOUGH,
                recall=found.recall if found.count >= LEAST_CLASS_LABELS else None,
                precision=found.precision if found.predicted >= LEAST_CLASS_LABELS else None,
            )
            for name, found in evaluation.per_class.items()
        },
    )
