"""The command reproduce."""

from scripts.cli.commands import takes_options
from scripts.lab.reproduction.options import ReproductionOptions


@takes_options
def reproduce(options: ReproductionOptions) -> int:
    """Run what people published for image classification, and ours beside it. Whole rows need a GPU.

    Finished rows are kept: the same command, called again, runs only those that are missing. See
    docs/comparison.md. Exit code 2 where the data can't be used.
    """
    from scripts.lab.reproduction import run

    return run.reproduce(options)
