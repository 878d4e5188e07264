"""The comparison as rows of text, for a terminal and for the page."""

from collections.abc import Callable, Mapping, Sequence

from model.head.evaluation import Estimate
from scripts.lab.comparison.figures import ModelFigures
from scripts.lab.tables import Table
from scripts.lab.wording import NOTHING

Columns = Mapping[str, Callable[[ModelFigures], str]]
"""What a table of models says of each, by the column's title."""

ACCURACIES: Columns = {
    "test accuracy (95 %)": lambda model: with_interval(model.parts["test"].accuracy),
    "top-5": lambda model: share(model.parts["test"].tops[5]),
    "top-10": lambda model: share(model.parts["test"].tops[10]),
    "validation": lambda model: share(model.parts["validation"].accuracy),
    "train": lambda model: share(model.parts["train"].accuracy),
}
LOSSES: Columns = {
    "test loss": lambda model: f"{model.parts['test'].loss:.3f}",
    "validation": lambda model: f"{model.parts['validation'].loss:.3f}",
    "train": lambda model: f"{model.parts['train'].loss:.3f}",
    "calibration error": lambda model: share(model.before.ece),
    "calibrated": lambda model: share(model.after.ece),
    "temperature": lambda model: f"{model.temperature:.2f}",
}
COSTS: Columns = {
    "parameters": lambda model: f"{model.outcome.parameters:,}",
    "size": lambda model: f"{model.outcome.megabytes:,.1f} MB",
    "epochs": lambda model: str(len(model.outcome.history) or NOTHING),
    "best epoch": lambda model: str(model.outcome.best_epoch or NOTHING),
    "training": lambda model: duration(model.outcome.seconds),
    "images a second": lambda model: f"{model.outcome.images_per_second:,.0f}",
}


def accuracies(models: Sequence[ModelFigures]) -> Table:
    """How often each model is right."""
    return _of_models("Accuracy", models, ACCURACIES)


def losses(models: Sequence[ModelFigures]) -> Table:
    """Loss in each part, and how far the confidences are from the truth."""
    return _of_models("Loss and calibration", models, LOSSES)


def costs(models: Sequence[ModelFigures]) -> Table:
    """What each model takes."""
    return _of_models("Cost", models, COSTS)


def by_class(model: ModelFigures) -> Table:
    """Precision and recall of each class, the class of the least recall first."""
    header = ("class", "test images", "recall", "precision", "predictions")
    found = sorted(model.after.per_class.items(), key=lambda item: (item[1].recall is None, _value(item[1].recall)))
    rows = [
        (name, str(each.count), with_interval(each.recall), with_interval(each.precision), str(each.predicted))
        for name, each in found
    ]
    return Table("Classes", header, tuple(rows))


def confused(model: ModelFigures, count: int) -> Table:
    """The most frequent mistakes."""
    rows = tuple((label, prediction, str(images)) for label, prediction, images in model.confused(count))
    return Table("Most often confused", ("true class", "predicted", "images"), rows)


def share(estimate: Estimate | None) -> str:
    """A share in per cent, without its interval."""
    return NOTHING if estimate is None else f"{100 * estimate.value:.1f} %"


def with_interval(estimate: Estimate | None) -> str:
    """A share in per cent, with its 95 % interval."""
    if estimate is None:
        return NOTHING
    return f"{100 * estimate.value:.1f} % ({100 * estimate.low:.1f}–{100 * estimate.high:.1f})"


def duration(seconds: float) -> str:
    """As people say it: `48 s`, `3 min 20 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _of_models(title: str, models: Sequence[ModelFigures], columns: Columns) -> Table:
    rows = [(model.outcome.model, *(cell(model) for cell in columns.values())) for model in models]
    return Table(title, ("model", *columns), tuple(rows))


def _value(estimate: Estimate | None) -> float:
    return 0.0 if estimate is None else estimate.value
