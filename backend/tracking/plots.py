"""Figures that are drawn when a run is delivered, where nobody waits for them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

MOST_NUMBERS = 20
"""Up to so many classes, each cell shows its count."""


def confusion_matrix(confusion: Mapping[tuple[str, str], int], path: Path) -> None:
    """Draw labels (rows) against what was predicted (columns), as shares of the label's row, into a PNG file.

    Args:
        confusion: how often (label, predicted) was met; at least one pair.
        path: of the picture to write.
    """
    classes = sorted({name for pair in confusion for name in pair})
    place = {name: index for index, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    for (label, predicted), times in confusion.items():
        counts[place[label], place[predicted]] = times
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    side = min(3.0 + 0.35 * len(classes), 20.0)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.add_subplot(xlabel="predicted", ylabel="label")
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    axes.set_xticks(range(len(classes)), classes, rotation=90)
    axes.set_yticks(range(len(classes)), classes)
    if len(classes) <= MOST_NUMBERS:
        for row, column in zip(*np.nonzero(counts), strict=True):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour)
    figure.savefig(path, dpi=100)
