"""What a benchmark hands back: figures, each with its target where there is one, and details for the JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        measure: what was measured, for a reader of the table.
        value: finite.
        unit: e.g. `s`, `ms`, `MB`, `times`; empty for a plain number.
        target: that the value must reach, or None where it only informs.
        at_least: whether the target is the least good value; else it is the most.
    """

    measure: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


class Measured(TypedDict):
    """Result of one benchmark: what goes into the table, and what else a reader may want to see, as JSON."""

    figures: list[Figure]
    details: dict[str, Any]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest measured value that at least this share of them does not exceed.

    Args:
        values: at least one.
        share: in (0, 1].
    """
    return float(np.quantile(np.asarray(values), share, method="inverted_cdf"))


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two in the middle."""
    return float(np.median(np.asarray(values)))


def spread(values: Sequence[float]) -> dict[str, float]:
    """Count, median, p95, p99 and largest, for the details."""
    return {
        "count": len(values),
        "median": median(values),
        "p95": percentile(values, 0.95),
        "p99": percentile(values, 0.99),
        "largest": max(values),
    }
