"""The comparison as one HTML page that needs nothing but itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.lab import pages
from scripts.lab.columns import percent
from scripts.lab.simulation import plots, tables
from scripts.lab.simulation.summary import Summary, baseline_of

FEW_RUNS = 5
"""Label counts vary by a hundred between runs: of fewer, the best is a guess."""

RATIO_NOTE = (
    "Labels to a target are those at the first measurement that reaches it; a run that never does counts its last "
    "label, and the mean is a lower bound then. The ratio is of means over the same splits and seeds, its interval a "
    "bootstrap over these pairs: below 1, fewer labels are needed."
)
SECONDS_NOTE = (
    "A cycle is what the loop does from new labels to a new order: train, evaluate, rank. Serving is its second stage, "
    "which makes the head that is measured here, while nobody waits. Medians, with one thread a run; without reading "
    "the project and publishing."
)


def page(summaries: Sequence[Summary], targets: Sequence[float], about: Mapping[str, Any], classes: int) -> str:
    """The page's HTML.

    Args:
        summaries: at least one.
        targets: accuracies.
        about: what made it, for a list of settings.
        classes: of the data.
    """
    name = str(about["data"])
    return pages.document(
        f"Labels needed on {name}",
        "How many labels does it take?",
        f"{name} – labelling replayed in the order of each strategy",
        pages.best(verdict(summaries, targets)),
        pages.section("Labels to a target", pages.table(tables.labels(summaries, targets)), pages.note(RATIO_NOTE)),
        pages.section(
            "Accuracy",
            pages.image(plots.accuracy(summaries, targets), "Accuracy by labels"),
            pages.note("Mean over runs; the band is its 95 % interval."),
        ),
        pages.section(
            "Calibration",
            pages.image(plots.calibration(summaries), "Expected calibration error by labels"),
            pages.note("The mean gap between confidence and accuracy on the test images, 15 bins: lower is better."),
        ),
        pages.section(
            "Classes found",
            pages.image(plots.coverage(summaries, classes), "Classes with a label by labels"),
            pages.note(f"Share of the {classes} classes that have a label."),
        ),
        pages.section("At the end of the runs", pages.table(tables.ends(summaries)), pages.note(SECONDS_NOTE)),
        pages.settings(about),
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
