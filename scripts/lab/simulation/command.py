"""The command simulate."""

from scripts.cli.commands import takes_options
from scripts.lab.simulation.options import SimulationOptions


@takes_options
def simulate(options: SimulationOptions) -> int:
    """Replay labelling on labelled images: how many labels each strategy needs.

    DATA may also be an .npz of X (features) and y (labels). Finished runs are kept: the same command, called again,
    makes only those that are missing. See docs/simulation.md. Exit code 2 where data or options don't allow it.
    """
    from scripts.lab.simulation import run

    return run.simulate(options.resolved())
