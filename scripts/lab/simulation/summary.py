"""The runs of each strategy brought together: what tables and curves show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from model.head.evaluation import Estimate
from scripts.lab.simulation.curve import CurvePoint
from scripts.lab.simulation.estimates import Ratio, ToTarget, mean_interval, paired_ratio, to_target
from scripts.lab.simulation.records import RunRecord

BASELINE = "margin"
"""What other tools rank by, and what every strategy is compared with where it is among the runs."""

Curve = list[tuple[int, Estimate]]
"""Labels, and what the runs say of a value there."""


@dataclass(frozen=True)
class Summary:
    """A strategy's runs.

    Attributes:
        strategy: its name.
        runs: ordered by split and seed.
        to_target: by target.
        ratio: to the baseline, by target; None where there is nothing to compare.
        cycle_seconds: median of the loop's cycle: rank, train, evaluate.
        rank_seconds: median of ranking alone.
        serve_seconds: median of the second stage.
    """

    strategy: str
    runs: tuple[RunRecord, ...]
    to_target: dict[float, ToTarget]
    ratio: dict[float, Ratio | None]
    cycle_seconds: float
    rank_seconds: float
    serve_seconds: float

    def curve(self, value: Callable[[CurvePoint], float | None]) -> Curve:
        """Mean and interval of a value at each number of labels where every run has one."""
        by_labels: dict[int, list[float]] = {}
        for run in self.runs:
            for point in run.curve:
                one = value(point)
                if one is not None:
                    by_labels.setdefault(point.labels, []).append(one)
        shared = {labels: values for labels, values in sorted(by_labels.items()) if len(values) == len(self.runs)}
        return [(labels, mean_interval(values)) for labels, values in shared.items()]

    def last(self, value: Callable[[CurvePoint], float | None]) -> Estimate | None:
        """Mean and interval of a value at the end of the runs that have one; None where none has."""
        ends = [found for run in self.runs if (found := value(run.curve[-1])) is not None]
        return mean_interval(ends) if ends else None


def baseline_of(strategies: Sequence[str]) -> str:
    """What the others are compared with: margin where it is there, else the strategy that was named first."""
    return BASELINE if BASELINE in strategies else strategies[0]


def summarise(records: Sequence[RunRecord], strategies: Sequence[str], targets: Sequence[float]) -> list[Summary]:
    """Bring the runs of each strategy together, in the order of `strategies`; one without a run is left out.

    Args:
        records: any order; of each strategy at most one run for a split and seed.
        strategies: names.
        targets: accuracies.
    """
    runs = {name: _runs_of(records, name) for name in strategies}
    present = [name for name in strategies if runs[name]]
    baseline = baseline_of(present) if present else BASELINE
    return [_summary(name, runs[name], runs.get(baseline, []), targets) for name in present]


def _summary(name: str, runs: list[RunRecord], baseline: list[RunRecord], targets: Sequence[float]) -> Summary:
    own = runs[0].options.strategy == baseline[0].options.strategy
    points = [point for run in runs for point in run.curve]
    return Summary(
        strategy=name,
        runs=tuple(runs),
        to_target={
            target: to_target([run.to_target(target) for run in runs], [run.curve[-1].labels for run in runs])
            for target in targets
        },
        ratio={target: None if own else _ratio(runs, baseline, target) for target in targets},
        cycle_seconds=float(np.median([point.seconds for point in points])),
        rank_seconds=float(np.median([point.rank_seconds for point in points])),
        serve_seconds=float(np.median([point.serve_seconds for point in points])),
    )


def _ratio(runs: Sequence[RunRecord], baseline: Sequence[RunRecord], target: float) -> Ratio | None:
    others = {_pair(run): run for run in baseline}
    pairs = [(run, others[_pair(run)]) for run in runs if _pair(run) in others]
    return paired_ratio(
        [ours.to_target(target) for ours, _ in pairs],
        [theirs.to_target(target) for _, theirs in pairs],
        [theirs.curve[-1].labels for _, theirs in pairs],
    )


def _runs_of(records: Sequence[RunRecord], strategy: str) -> list[RunRecord]:
    return sorted((record for record in records if record.options.strategy == strategy), key=_pair)


def _pair(record: RunRecord) -> tuple[int, int]:
    return record.options.split, record.options.seed
