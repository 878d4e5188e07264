"""A class is added by a warm start: what the others lose against training on everything, and the time it takes.

python -m scripts.lab.benchmarks.warm_start PATH CACHE SEED
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

from scripts.lab.benchmarks import added_class
from scripts.lab.benchmarks.added_class import SIDE
from scripts.lab.benchmarks.drawing import draw, in_processes, photographs
from scripts.lab.benchmarks.figures import Figure, Measured, median
from scripts.lab.simulation.estimates import mean_interval

MOST_POINTS, MOST_RATIO = 1.0, 1 / 3


def run(path: Path, cache: Path, runs: int = 5) -> Measured:
    """Measure on another draw of classes and images each time, in a fresh process.

    Args:
        path: photographs, a folder per class or a tar of one.
        cache: folder for decoded images.
        runs: at least 1.

    Raises:
        BenchmarkError: the data can't be used, or the process failed.
    """
    return outcome(in_processes("scripts.lab.benchmarks.warm_start", path, cache, SIDE, runs))


def outcome(measured: Sequence[dict[str, Any]]) -> Measured:
    """The figures of all runs.

    Args:
        measured: what `scripts.lab.benchmarks.added_class.measure` gave in each, at least one.
    """
    lost = mean_interval([100 * (each["anew"]["old"] - each["warm"]["old"]) for each in measured])
    ratio = median([each["warm"]["seconds"] / each["anew"]["seconds"] for each in measured])
    return Measured(
        figures=[
            Figure("warm start, lost on the old classes", lost.value, "points", MOST_POINTS),
            Figure("warm start, lost on the old classes, upper end of the 95 % interval", lost.high, "points"),
            Figure("warm start, share of the time", ratio, "", MOST_RATIO),
            *_of("warm start", [each["warm"] for each in measured]),
            *_of("trained anew", [each["anew"] for each in measured]),
        ],
        details={"lost_points": asdict(lost), "runs": list(measured)},
    )


def _of(way: str, runs: Sequence[dict[str, float]]) -> list[Figure]:
    return [
        Figure(f"{way}, accuracy on the old classes", 100 * mean([each["old"] for each in runs]), "%"),
        Figure(f"{way}, accuracy on the new class", 100 * mean([each["new"] for each in runs]), "%"),
        Figure(f"{way}, time", median([each["seconds"] for each in runs]), "s"),
    ]


def main(path: str, cache: str, seed: str) -> None:
    """Measure once, in this process; what there is to say is JSON."""
    drawn = draw(photographs(Path(path), Path(cache), SIDE), added_class.SAMPLE, int(seed))
    print(json.dumps(added_class.measure(drawn, int(seed))))


if __name__ == "__main__":
    main(*sys.argv[1:])
