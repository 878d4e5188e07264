"""The command benchmark."""

from scripts.cli.commands import takes_options
from scripts.lab.benchmarks.options import BenchmarkOptions


@takes_options
def benchmark(options: BenchmarkOptions) -> int:
    """Measure on this machine and compare with the targets.

    See docs/benchmarks.md. Exit code 3 where a target is missed, 1 where something could not be measured.
    """
    from scripts.lab.benchmarks import run

    return run.benchmark(options)
