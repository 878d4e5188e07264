"""The command soak."""

from scripts.cli.commands import takes_options
from scripts.lab.soak.options import SoakOptions


@takes_options
def soak(options: SoakOptions) -> int:
    """Break everything around the loop while people label, and count what is lost.

    See docs/reliability.md. Exit code 3 where something is over its limit, 1 where it could not be measured.
    """
    from scripts.lab.soak import run

    return run.soak(options)
