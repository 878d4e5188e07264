"""Accuracy now: overall and by class, where enough of the holdout's labels stand behind it."""

from model.head.evaluation import NOT_ENOUGH, Evaluation
from model.insight.inputs import LEAST_HOLDOUT_LABELS
from model.insight.results import AccuracyNow, ClassAccuracy

LEAST_CLASS_LABELS = 10
"""Counted labels of a class below which it gets no figure of its own."""


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
