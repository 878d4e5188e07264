"""Charts of all models together, as PNG."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from model.arrays import IntArray
from model.head.evaluation import BINS
from scripts.lab.charts import colour, png
from scripts.lab.comparison.figures import ModelFigures
from scripts.lab.comparison.outcome import ModelOutcome
from scripts.lab.comparison.tables import share
from scripts.lab.wording import percent

MOST_NAMES = 110
"""Classes whose names still fit below a chart."""
PART_COLOURS = {"train": "#1f5fbf", "validation": "#8fb3e8", "test": "#d9541e"}


def curves(models: Sequence[ModelFigures]) -> bytes:
    """Loss and accuracy by epoch of those models that have epochs, at least one; dashed on training images."""

    def draw(figure: Figure) -> None:
        loss, accuracy = figure.subplots(1, 2)
        for number, model in enumerate(models):
            for axes, what in ((loss, "loss"), (accuracy, "accuracy")):
                _curve(axes, model.outcome, what, colour(number))
        _finish_curves(loss, accuracy)

    return png(draw, (9.4, 4.3))


def _curve(axes: Axes, model: ModelOutcome, what: str, colour: str) -> None:
    if not model.history:
        return
    epochs = [epoch.number for epoch in model.history]
    style: dict[str, Any] = {"color": colour, "linewidth": 1.8, "marker": "o", "markersize": 3}
    axes.plot(epochs, [getattr(epoch, f"train_{what}") for epoch in model.history], "--", alpha=0.55, **style)
    axes.plot(epochs, [getattr(epoch, f"validation_{what}") for epoch in model.history], label=model.model, **style)


def _finish_curves(loss: Axes, accuracy: Axes) -> None:
    for axes, what in ((loss, "loss"), (accuracy, "accuracy")):
        axes.set_xlabel("epoch")
        axes.set_title(what, loc="left", fontsize=11, color="#374151")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    loss.set_ylim(bottom=0)
    accuracy.set_ylim(0, 1.02)
    accuracy.yaxis.set_major_formatter(lambda share, _: percent(share))
    accuracy.legend(loc="best")


def distribution(classes: Sequence[str], parts: Mapping[str, IntArray]) -> bytes:
    """Images of each class in each part, the largest class first.

    Args:
        classes: k names.
        parts: class of each image of a part, by its name.
    """
    counts = {name: np.bincount(targets, minlength=len(classes)) for name, targets in parts.items()}
    order = np.argsort(-sum(counts.values(), np.zeros(len(classes), dtype=np.int64)), kind="stable")

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        bottom = np.zeros(len(classes))
        for name, count in counts.items():
            axes.bar(range(len(classes)), count[order], bottom=bottom, width=0.85, color=PART_COLOURS[name], label=name)
            bottom += count[order]
        named = len(classes) <= MOST_NAMES
        size = np.clip(420 / len(classes), 5, 10)
        axes.set_xticks(
            range(len(classes)) if named else [],
            [classes[place] for place in order] if named else [],
            rotation=90, fontsize=size,
        )  # fmt: skip
        axes.set_xlim(-0.6, len(classes) - 0.4)
        axes.set_ylabel("images")
        axes.grid(axis="x", visible=False)
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(counts))

    return png(draw, (9.4, 4.3))


def reliability(models: Sequence[ModelFigures]) -> bytes:
    """Accuracy by confidence on the test images, before and after the temperature."""

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, title, calibrated in zip(panels, ("before", "after"), (False, True), strict=True):
            axes.plot([0, 1], [0, 1], color="#9aa3af", linewidth=1, linestyle=(0, (4, 3)))
            for number, model in enumerate(models):
                _reliability(axes, model, calibrated, colour(number))
            axes.set_title(f"{title} temperature", loc="left", fontsize=11, color="#374151")
            axes.set_xlabel("confidence")
            axes.set_xlim(0, 1)
            axes.set_ylim(0, 1.02)
            axes.set_aspect("equal")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(lambda share, _: percent(share))
            axes.legend(loc="upper left", fontsize=9)
        panels[0].set_ylabel("accuracy")

    return png(draw, (9.4, 4.9))


def _reliability(axes: Axes, model: ModelFigures, calibrated: bool, colour: str) -> None:
    probabilities = model.probabilities if calibrated else model.raw_probabilities
    confidences = probabilities.max(axis=1)
    bins = np.minimum((confidences * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    full = counts > 0
    means, shares = (
        np.bincount(bins, weights=values, minlength=BINS)[full] / counts[full] for values in (confidences, model.right)
    )
    evaluation = model.after if calibrated else model.before
    label = f"{model.outcome.model}, {share(evaluation.ece)}"
    # The area of a dot is its share of the images: a bin of three says little.
    axes.plot(means, shares, color=colour, linewidth=1.2, alpha=0.7, label=label)
    axes.scatter(means, shares, s=6 + 160 * counts[full] / len(bins), color=colour, alpha=0.8, linewidth=0)
