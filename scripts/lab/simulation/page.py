"""The comparison of strategies as one HTML page."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.lab import pages
from scripts.lab.simulation import plots, tables
from scripts.lab.simulation.summary import Summary, baseline_of
from scripts.lab.wording import percent

FEW_RUNS = 5
"""Label counts vary by a hundred between runs: of fewer, the best is a guess."""


def page(summaries: Sequence[Summary], targets: Sequence[float], about: Mapping[str, Any], classes: int) -> str:
    """Render the page.

    Args:
        summaries: at least one.
        targets: accuracies.
        about: what made it, for a list of settings.
        classes: how many the data have.

    Returns:
        The page's HTML, which needs no other file.
    """
    return pages.render(
        "simulation/page.html",
        verdict=verdict(summaries, targets),
        labels=tables.labels(summaries, targets),
        accuracy=plots.accuracy(summaries, targets),
        calibration=plots.calibration(summaries),
        coverage=plots.coverage(summaries, classes),
        classes=classes,
        ends=tables.ends(summaries),
        settings=about,
    )


def verdict(summaries: Sequence[Summary], targets: Sequence[float]) -> str:
    """The best strategy in a few words: fewest labels to the highest target that one always reaches."""
    for target in sorted(targets, reverse=True):
        there = [each for each in summaries if each.to_target[target].always]
        if there:
            best, *others = sorted(there, key=lambda each: each.to_target[target].estimate.value)
            said = f"{best.strategy} needs the fewest labels to {percent(target)}: {best.to_target[target].text}"
            baseline = baseline_of([summary.strategy for summary in summaries])
            return f"{said}{_compared(best, others, target, baseline)}"
    best = max(summaries, key=_end)
    return (
        f"No strategy reached a target in every run. {best.strategy} came furthest: {percent(_end(best))} "
        "at the end. Give a larger --budget or lower --targets."
    )


def _compared(best: Summary, others: Sequence[Summary], target: float, baseline: str) -> str:
    """How the best differs from the baseline, or the next from it where it is the best; and what to doubt."""
    ratio = best.ratio[target]
    said = "." if ratio is None else f", {ratio.text} times those of {baseline}."
    if ratio is None and others:
        ratio = others[0].ratio[target]
        said = "." if ratio is None else f"; {others[0].strategy} needs {ratio.text} times as many."
    if ratio is not None and ratio.estimate.low <= 1.0 <= ratio.estimate.high:
        return f"{said} The two can't be told apart: give more --splits and --seeds."
    if len(best.runs) < FEW_RUNS:
        return f"{said} With {len(best.runs)} of its runs that may be chance: give more --splits and --seeds."
    return said


def _end(summary: Summary) -> float:
    found = summary.last(lambda point: point.accuracy)
    return 0.0 if found is None else round(found.value, 3)
