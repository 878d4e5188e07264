"""The comparison of strategies as rows of text."""

from collections.abc import Sequence

from model.head.evaluation import Estimate
from scripts.lab.simulation.summary import Summary, baseline_of
from scripts.lab.tables import Table
from scripts.lab.wording import NOTHING, percent


def labels(summaries: Sequence[Summary], targets: Sequence[float]) -> Table:
    """Labels to each target, with the paired ratio to the baseline."""
    baseline = baseline_of([summary.strategy for summary in summaries])
    header = ["strategy", "runs"]
    for target in targets:
        header += [f"labels to {percent(target)}", f"ratio to {baseline} (95 %)"]
    rows = []
    for summary in summaries:
        row = [summary.strategy, str(len(summary.runs))]
        for target in targets:
            ratio = summary.ratio[target]
            row += [summary.to_target[target].text, NOTHING if ratio is None else ratio.text]
        rows.append(tuple(row))
    return Table("Labels to a target, mean over runs", tuple(header), tuple(rows))


def ends(summaries: Sequence[Summary]) -> Table:
    """What each strategy has come to at the end of its runs, and what a cycle of the loop takes."""
    header = (
        "strategy",
        "labels",
        "accuracy",
        "calibration error",
        "classes seen",
        "cycle, s",
        "ranking, s",
        "serving, s",
    )
    rows = [
        (
            summary.strategy,
            _whole(summary.last(lambda point: point.labels)),
            _percent(summary.last(lambda point: point.accuracy)),
            _percent(summary.last(lambda point: point.ece)),
            _whole(summary.last(lambda point: point.classes_seen)),
            f"{summary.cycle_seconds:.2f}",
            f"{summary.rank_seconds:.2f}",
            f"{summary.serve_seconds:.2f}",
        )
        for summary in summaries
    ]
    return Table("At the end of the runs, mean ± half of the 95 % interval", header, tuple(rows))


def _percent(estimate: Estimate | None) -> str:
    if estimate is None:
        return NOTHING
    half = (estimate.high - estimate.low) / 2
    return f"{100 * estimate.value:.1f} %" + (f" ± {100 * half:.1f}" if half else "")


def _whole(estimate: Estimate | None) -> str:
    return NOTHING if estimate is None else f"{estimate.value:,.0f}"
