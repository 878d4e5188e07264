"""The command tune."""

from scripts.cli.commands import takes_options
from scripts.lab.tuning.options import TuningOptions


@takes_options
def tune(options: TuningOptions) -> int:
    """Search for the setting that trains a network best on your images.

    Finished trials are kept: the same command, called again, makes only those that are missing. See
    docs/tuning.md. Exit code 2 where data, options or the storage don't allow it.
    """
    from scripts.lab.tuning import run

    return run.tune(options)
