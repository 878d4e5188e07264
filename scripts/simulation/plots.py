"""Curves as PNG."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.simulation.curve import CurvePoint
from scripts.simulation.peers import is_peer
from scripts.simulation.summary import Summary
from scripts.simulation.tables import percent

COLOURS = ("#1f5fbf", "#d9541e", "#6b7280", "#0f8a5f", "#8a3ffc", "#b8860b", "#c2185b", "#00838f", "#5d4037", "#33691e")
SIZE, DPI = (8.6, 4.3), 160
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9aa3af",
    "axes.labelcolor": "#374151",
    "xtick.color": "#4b5563",
    "ytick.color": "#4b5563",
    "axes.grid": True,
    "grid.color": "#e5e7eb",
    "legend.frameon": False,
}


def accuracy(summaries: Sequence[Summary], targets: Sequence[float]) -> bytes:
    """Accuracy by labels, with a line at each target."""

    def decorate(axes: Axes) -> None:
        low, _ = axes.get_ylim()
        for target in targets:
            if target > low:
                axes.axhline(target, color="#6b7280", linewidth=1.1, linestyle=(0, (4, 3)), zorder=1)
                axes.annotate(
                    percent(target), (1.008, target), xycoords=("axes fraction", "data"), va="center",
                    fontsize=9.5, color="#6b7280", annotation_clip=False,
                )  # fmt: skip

    return _curves(summaries, lambda point: point.accuracy, "accuracy on the test images", decorate)


def calibration(summaries: Sequence[Summary]) -> bytes:
    """Expected calibration error by labels."""
    return _curves(summaries, lambda point: point.ece, "expected calibration error", _from_zero)


def coverage(summaries: Sequence[Summary], classes: int) -> bytes:
    """Share of the classes that have a label, by labels."""
    return _curves(
        summaries,
        lambda point: point.classes_seen / classes,
        "classes with a label",
        lambda axes: axes.set_ylim(0, 1.04),
    )


def _curves(
    summaries: Sequence[Summary],
    value: Callable[[CurvePoint], float | None],
    label: str,
    decorate: Callable[[Axes], object],
) -> bytes:
    """A line a strategy, dashed for a peer, its 95 % interval as a band around it."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
        axes = figure.subplots()
        for number, summary in enumerate(summaries):
            curve = summary.curve(value)
            colour = COLOURS[number % len(COLOURS)]
            labels = [each for each, _ in curve]
            axes.fill_between(
                labels, [found.low for _, found in curve], [found.high for _, found in curve],
                color=colour, alpha=0.13, linewidth=0,
            )  # fmt: skip
            dots: dict[str, Any] = {"marker": "o", "markersize": 3.2} if len(curve) <= 40 else {}
            dashed = "--" if is_peer(summary.strategy) else "-"
            means = [found.value for _, found in curve]
            axes.plot(labels, means, color=colour, linewidth=1.9, linestyle=dashed, label=summary.strategy, **dots)
        axes.set_xlabel("labels")
        axes.set_ylabel(label)
        axes.yaxis.set_major_formatter(lambda share, _: percent(share))
        axes.set_xlim(left=0)
        decorate(axes)
        axes.legend(loc="best", ncols=1 + (len(summaries) > 5))
        buffer = BytesIO()
        figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _from_zero(axes: Axes) -> None:
    axes.set_ylim(bottom=0)
