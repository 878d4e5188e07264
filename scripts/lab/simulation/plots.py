"""Curves as PNG."""

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.lab.charts import colour, png
from scripts.lab.simulation.curve import CurvePoint
from scripts.lab.simulation.peers import is_peer
from scripts.lab.simulation.summary import Summary
from scripts.lab.wording import percent


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

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for number, summary in enumerate(summaries):
            _curve(axes, summary, value, colour(number))
        axes.set_xlabel("labels")
        axes.set_ylabel(label)
        axes.yaxis.set_major_formatter(lambda share, _: percent(share))
        axes.set_xlim(left=0)
        decorate(axes)
        axes.legend(loc="best", ncols=1 + (len(summaries) > 5))

    return png(draw)


def _curve(axes: Axes, summary: Summary, value: Callable[[CurvePoint], float | None], colour: str) -> None:
    curve = summary.curve(value)
    labels = [each for each, _ in curve]
    axes.fill_between(
        labels, [found.low for _, found in curve], [found.high for _, found in curve],
        color=colour, alpha=0.13, linewidth=0,
    )  # fmt: skip
    dots: dict[str, Any] = {"marker": "o", "markersize": 3.2} if len(curve) <= 40 else {}
    dashed = "--" if is_peer(summary.strategy) else "-"
    means = [found.value for _, found in curve]
    axes.plot(labels, means, color=colour, linewidth=1.9, linestyle=dashed, label=summary.strategy, **dots)


def _from_zero(axes: Axes) -> None:
    axes.set_ylim(bottom=0)
