"""Charts of one model, class by class, as PNG."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from model.arrays import FloatArray, IntArray
from scripts.lab.charts import png
from scripts.lab.comparison.figures import ModelFigures
from scripts.lab.comparison.plots import MOST_NAMES
from scripts.lab.wording import percent

COUNTED = 25
"""Classes up to which the cells of a confusion matrix are large enough for their counts."""
MOST_ROWS = 200
"""Classes that a chart of rows shows; of more, those of the least recall."""
ROW_INCHES, MARGIN_INCHES = 0.17, 0.9
RECALL, PRECISION, BOX = "#1f5fbf", "#d9541e", "#dbe7f8"


def confusion(model: ModelFigures) -> bytes:
    """Share of each class's test images by prediction; its rows are labels."""
    counts = model.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        shown = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.grid(visible=False)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true class")
        places = range(len(model.classes)) if len(model.classes) <= MOST_NAMES else []
        size = float(np.clip(430 / len(model.classes), 4.2, 10))
        names = [model.classes[place] for place in places]
        axes.set_xticks(places, names, rotation=90, fontsize=size)
        axes.set_yticks(places, names, fontsize=size)
        if len(model.classes) <= COUNTED:
            _write_counts(axes, counts, shares)
        bar = figure.colorbar(shown, ax=axes, shrink=0.6)
        bar.ax.yaxis.set_major_formatter(lambda share, _: percent(share))

    return png(draw, (9.4, 8.4))


def _write_counts(axes: Axes, counts: IntArray, shares: FloatArray) -> None:
    for row, column in zip(*np.nonzero(counts), strict=True):
        light = shares[row, column] > 0.5
        axes.text(
            column, row, str(counts[row, column]), ha="center", va="center", fontsize=8,
            color="white" if light else "#1f2937",
        )  # fmt: skip


def rows(model: ModelFigures) -> bytes:
    """Recall and precision of each class, and beside them the entropy of the predictions of its test images.

    The class of the least recall comes first; classes without a test image are left out.
    """
    places = _worst_first(model)

    def draw(figure: Figure) -> None:
        shares, entropy = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1))
        _shares(shares, model, places)
        _entropy(entropy, [model.entropy[model.targets == place] for place in places])
        shares.set_yticks(range(len(places)), [model.classes[place] for place in places], fontsize=8)
        shares.set_ylim(len(places) - 0.4, -0.6)
        for axes in (shares, entropy):
            axes.tick_params(axis="x", top=True, labeltop=True)

    return png(draw, (9.4, MARGIN_INCHES + ROW_INCHES * max(len(places), 6)))


def _worst_first(model: ModelFigures) -> Sequence[int]:
    recalls = {
        place: found.value
        for place, name in enumerate(model.classes)
        if (found := model.after.per_class[name].recall) is not None
    }
    return sorted(recalls, key=lambda place: recalls[place])[:MOST_ROWS]


def _shares(axes: Axes, model: ModelFigures, places: Sequence[int]) -> None:
    found = [model.after.per_class[model.classes[place]] for place in places]
    recalls = [each.recall.value if each.recall else np.nan for each in found]
    precisions = [each.precision.value if each.precision else np.nan for each in found]
    heights = range(len(places))
    axes.hlines(heights, recalls, precisions, color="#cbd5e1", linewidth=1.6, zorder=2)
    axes.scatter(precisions, heights, s=26, facecolor="white", edgecolor=PRECISION, zorder=3, label="precision")
    axes.scatter(recalls, heights, s=20, color=RECALL, zorder=4, label="recall")
    axes.set_xlim(-0.03, 1.03)
    axes.xaxis.set_major_formatter(lambda share, _: percent(share))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, fontsize=9, borderaxespad=1.6)


def _entropy(axes: Axes, values: Sequence[FloatArray]) -> None:
    axes.boxplot(
        values, positions=range(len(values)), orientation="horizontal", widths=0.62,
        patch_artist=True, manage_ticks=False,
        boxprops={"facecolor": BOX, "edgecolor": RECALL, "linewidth": 0.8},
        medianprops={"color": PRECISION, "linewidth": 1.4},
        whiskerprops={"color": RECALL, "linewidth": 0.8}, capprops={"color": RECALL, "linewidth": 0.8},
        flierprops={"marker": ".", "markersize": 3, "markeredgecolor": "#6b7280"},
    )  # fmt: skip
    axes.set_xlim(left=0)
    axes.set_title("entropy, bits", loc="left", fontsize=10, color="#374151", pad=22)
