"""What can go wrong in a simulation."""

from scripts.cli.commands import UsageError


class SimulationError(UsageError):
    """The data or an option does not allow the simulation; the message says what, where, and what to do."""
