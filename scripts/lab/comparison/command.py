"""The command compare."""

from scripts.cli.commands import takes_options
from scripts.lab.comparison.options import ComparisonOptions


@takes_options
def compare(options: ComparisonOptions) -> int:
    """Train and judge models side by side, on one split of your images.

    Finished models are kept: the same command, called again, trains only those that are missing. See
    docs/comparison.md. Exit code 1 where no model could be run, 2 where data or options don't allow it.
    """
    from scripts.lab.comparison import run

    return run.compare_models(options)
