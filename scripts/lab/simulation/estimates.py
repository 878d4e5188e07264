"""What runs say together: means with intervals, and strategies compared run by run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from model.head.evaluation import CONFIDENCE, Estimate

RESAMPLES = 10_000


@dataclass(frozen=True)
class ToTarget:
    """Labels to a target over a strategy's runs.

    Attributes:
        estimate: mean of the labels and its interval; a run that never got there counts as its last label, so the mean
            is a lower bound then.
        reached: runs that got there.
        runs: all.
    """

    estimate: Estimate
    reached: int
    runs: int

    @property
    def text(self) -> str:
        """As in a table: `483 ± 41`, or `> 830 (7 of 10)` where some runs did not get there."""
        mean, half = self.estimate.value, self.estimate.high - self.estimate.value
        if not self.always:
            return f"> {mean:,.0f} ({self.reached} of {self.runs})"
        return f"{mean:,.0f} ± {half:,.0f}" if self.runs > 1 else f"{mean:,.0f}"

    @property
    def always(self) -> bool:
        """Whether every run got there."""
        return self.reached == self.runs


@dataclass(frozen=True)
class Ratio:
    """Labels of a strategy over those of another.

    Attributes:
        estimate: ratio of the means and its interval.
        at_most: the other did not always get there, so that the true ratio is lower still.
    """

    estimate: Estimate
    at_most: bool

    @property
    def text(self) -> str:
        """As in a table: `0.62 (0.55–0.70)`."""
        sign = "≤ " if self.at_most else ""
        return f"{sign}{self.estimate.value:.2f} ({self.estimate.low:.2f}–{self.estimate.high:.2f})"


def mean_interval(values: Sequence[float]) -> Estimate:
    """A mean over runs with its 95 % interval by Student's t; without width for a single run.

    Args:
        values: one a run, at least one.
    """
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean, mean, mean)
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return Estimate(mean, mean - half, mean + half)


def to_target(labels: Sequence[int | None], last: Sequence[int]) -> ToTarget:
    """Labels to a target over runs.

    Args:
        labels: of each run, at least one; None where it never got there.
        last: labels at the end of each run.
    """
    counted = [end if each is None else each for each, end in zip(labels, last, strict=True)]
    return ToTarget(mean_interval(counted), sum(each is not None for each in labels), len(labels))


def paired_ratio(ours: Sequence[int | None], theirs: Sequence[int | None], last: Sequence[int]) -> Ratio | None:
    """The mean labels of one strategy over another's, on the same splits and seeds.

    The interval is a percentile bootstrap over the pairs.

    Args:
        ours: labels of each run, None where it never got there.
        theirs: of the same splits and seeds, in the same order.
        last: labels at the end of each of their runs: counted where one never got there, which makes the ratio an upper
            bound.

    Returns:
        None for fewer than two pairs, and where one of our runs never got there.

    Source: Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
    """
    if len(ours) < 2:
        return None
    top = np.array([np.nan if each is None else each for each in ours], dtype=np.float64)
    if np.isnan(top).any():
        return None
    bottom = np.array([end if each is None else each for each, end in zip(theirs, last, strict=True)], dtype=np.float64)
    draws = np.random.default_rng(0).integers(len(top), size=(RESAMPLES, len(top)))
    resampled = top[draws].mean(axis=1) / bottom[draws].mean(axis=1)
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    value = float(top.mean() / bottom.mean())
    return Ratio(Estimate(value, float(min(low, value)), float(max(high, value))), None in theirs)
