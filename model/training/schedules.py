"""How the learning rate changes: a function of how far a phase is and of its losses, so that nothing needs saving."""

import math
from collections.abc import Sequence

from model.training.options import Schedule

WARM_UP = 0.3
"""Share of a one-cycle phase in which the rate rises."""
FIRST_FACTOR = 0.04
PLATEAU_FACTOR = 0.1
PLATEAU_PATIENCE = 2


def factor(schedule: Schedule, done: float, losses: Sequence[float]) -> float:
    """What the rate is multiplied by.

    Args:
        schedule: see `model.training.options.TrainingOptions`.
        done: share of the phase that is over, in [0, 1].
        losses: validation losses of the phase's epochs so far.

    Returns:
        In [0, 1].

    Source: cosine: Loshchilov, Hutter, "SGDR", ICLR 2017; one-cycle: Smith, Topin, "Super-Convergence", 2018.
    """
    if schedule == "cosine":
        return _cosine(done)
    if schedule == "one_cycle":
        if done < WARM_UP:
            return 1 - (1 - FIRST_FACTOR) * _cosine(done / WARM_UP)
        return _cosine((done - WARM_UP) / (1 - WARM_UP))
    if schedule == "plateau":
        return PLATEAU_FACTOR ** _plateaus(losses)
    return 1.0


def _cosine(done: float) -> float:
    """From 1 down to 0."""
    return (1 + math.cos(math.pi * done)) / 2


def _plateaus(losses: Sequence[float]) -> int:
    """How often more than two epochs in a row brought no better loss."""
    best, waited, plateaus = math.inf, 0, 0
    for loss in losses:
        waited = 0 if loss < best else waited + 1
        best = min(best, loss)
        if waited > PLATEAU_PATIENCE:
            plateaus, waited = plateaus + 1, 0
    return plateaus
