"""What can go wrong in a simulation."""


class SimulationError(Exception):
    """The data or an option does not allow the simulation; the message says what, where, and what to do."""
