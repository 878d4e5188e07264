"""The comparison as rows of text, for a terminal and for the page."""

from collections.abc import Sequence

from model.metrics import Estimate
from scripts.columns import NOTHING, Table
from scripts.comparison.figures import Figures


def accuracies(models: Sequence[Figures]) -> Table:
    """How often each model is right."""
    header = ("model", "test accuracy (95 %)", "top-5", "top-10", "validation", "train")
    rows = [
        (
            each.outcome.model,
            with_interval(each.parts["test"].accuracy),
            share(each.parts["test"].tops[5]),
            share(each.parts["test"].tops[10]),
            share(each.parts["validation"].accuracy),
            share(each.parts["train"].accuracy),
        )
        for each in models
    ]
    return Table("Accuracy", header, tuple(rows))


def losses(models: Sequence[Figures]) -> Table:
    """Loss in each part, and how far the confidences are from the truth."""
    header = ("model", "test loss", "validation", "train", "calibration error", "calibrated", "temperature")
    rows = [
        (
            each.outcome.model,
            f"{each.parts['test'].loss:.3f}",
            f"{each.parts['validation'].loss:.3f}",
            f"{each.parts['train'].loss:.3f}",
            share(each.before.ece),
            share(each.after.ece),
            f"{each.temperature:.2f}",
        )
        for each in models
    ]
    return Table("Loss and calibration", header, tuple(rows))


def costs(models: Sequence[Figures]) -> Table:
    """What each model takes."""
    header = ("model", "parameters", "size", "epochs", "best epoch", "training", "images a second")
    rows = [
        (
            each.outcome.model,
            f"{each.outcome.parameters:,}",
            f"{each.outcome.megabytes:,.1f} MB",
            str(len(each.outcome.history)) if each.outcome.history else NOTHING,
            NOTHING if each.outcome.best_epoch is None else str(each.outcome.best_epoch),
            duration(each.outcome.seconds),
            f"{each.outcome.images_per_second:,.0f}",
        )
        for each in models
    ]
    return Table("Cost", header, tuple(rows))


def by_class(model: Figures) -> Table:
    """Precision and recall of each class, the class of the least recall first."""
    header = ("class", "test images", "recall", "precision", "predictions")
    found = sorted(model.after.per_class.items(), key=lambda item: (item[1].recall is None, _value(item[1].recall)))
    rows = [
        (name, str(each.count), with_interval(each.recall), with_interval(each.precision), str(each.predicted))
        for name, each in found
    ]
    return Table("Classes", header, tuple(rows))


def confused(model: Figures, count: int) -> Table:
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


def _value(estimate: Estimate | None) -> float:
    return 0.0 if estimate is None else estimate.value
