"""How tasks are ranked: strategies by name. To add one, write a `Strategy` in a module here and enter it in
`STRATEGIES`.

A strategy scores images; it knows nothing of tasks, of the random arm or of Label Studio. `model.rank.schedule` says
which strategy a project uses when; `model.rank.queue` makes a queue of the scores.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from model.arrays import FloatArray
from model.errors import InputError
from model.rank.coldstart import coldstart
from model.rank.margin import by_margin
from model.rank.pool import Pool

Strategy = Callable[[Pool], FloatArray]
"""From a pool of n images to scores (n,) in [0, 1], lowest asked first; equal for equal pools."""

STRATEGIES: Mapping[str, Strategy] = MappingProxyType({"coldstart": coldstart, "margin": by_margin})


def strategy(name: str) -> Strategy:
    """Look up a strategy.

    Raises:
        InputError: no strategy has this name.
    """
    if name not in STRATEGIES:
        raise InputError(f"There is no ranking strategy {name!r}; choose one of {', '.join(sorted(STRATEGIES))}.")
    return STRATEGIES[name]


__all__ = ["STRATEGIES", "Pool", "Strategy", "strategy"]
