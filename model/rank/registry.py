"""Ranking strategies by name. To add one, write a `Strategy` in a module here and enter it in `STRATEGIES`.

A strategy chooses images; it knows nothing of tasks, of the holdout's slots or of Label Studio. `model.rank.auto`
says which one a project uses when, `model.rank.ranking` runs it, `model.rank.queue` makes a queue of what it chose.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from model.arrays import IntArray
from model.errors import InputError
from model.rank.pool import Pool

Strategy = Callable[[Pool, int], IntArray]
"""From a pool and a count to rows of the pool, best first: available ones only, each once, at most `count`. The pool's
rows ascend by id; equal pools get equal answers."""

STRATEGIES: Mapping[str, str] = MappingProxyType(
    {
        "random": "uncertainty.by_chance",
        "least_confidence": "uncertainty.by_least_confidence",
        "margin": "uncertainty.by_margin",
        "entropy": "uncertainty.by_entropy",
        "bald": "ensemble.bald",
        "badge": "badge.badge",
        "coreset": "coreset.coreset",
        "typiclust": "clusters.typiclust",
        "cluster_margin": "clusters.cluster_margin",
        "probcover": "probcover.probcover",
        "dropquery": "dropquery.dropquery",
        "herding": "coverage.herding",
        "uncertainty_herding": "coverage.uncertainty_herding",
    }
)
"""Where each is, below `model.rank`: imported when used, so that who needs the names alone waits for no library."""

AUTO = "auto"
"""Not a strategy but a rule that chooses among them, see `model.rank.auto`."""

NAMES = (AUTO, *sorted(STRATEGIES))


def strategy(name: str) -> Strategy:
    """Look up a strategy.

    Raises:
        InputError: no strategy has this name.
    """
    if name not in STRATEGIES:
        raise InputError(f"There is no ranking strategy {name!r}; choose one of {', '.join(sorted(STRATEGIES))}.")
    module, function = STRATEGIES[name].split(".")
    found: Strategy = getattr(import_module(f"model.rank.{module}"), function)
    return found
