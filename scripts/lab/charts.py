"""How charts look, and their way to PNG."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

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
    "axes.axisbelow": True,
    "grid.color": "#e5e7eb",
    "legend.frameon": False,
}


def png(draw: Callable[[Figure], object], size: tuple[float, float] = SIZE) -> bytes:
    """What `draw` leaves on a figure.

    Args:
        draw: given an empty figure.
        size: width and height in inches.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, dpi=DPI, layout="constrained")
        draw(figure)
        buffer = BytesIO()
        figure.savefig(buffer, format="png")
    return buffer.getvalue()


def colour(number: int) -> str:
    """Of the curve with this number, from 0; they repeat."""
    return COLOURS[number % len(COLOURS)]
