"""Strategies of scikit-activeml, on the same images, points and head as ours."""

from typing import Any

import numpy as np

from backend.store.dataset import Dataset
from model.arrays import FloatArray, IntArray
from model.head.head import Head
from scripts.lab.simulation.errors import SimulationError

PREFIX = "skactiveml:"
LIBRARY = "scikit-activeml"
NAMES = tuple(PREFIX + name for name in ("margin", "typiclust", "coreset", "probcover", "badge"))
WITH_HEAD = (f"{PREFIX}margin", f"{PREFIX}badge")
"""Those that look at a classifier; the others begin without labels."""


def is_peer(strategy: str) -> bool:
    """Whether a strategy is one of another library."""
    return strategy.startswith(PREFIX)


def check_installed() -> None:
    """Refuse where the library is not there.

    Raises:
        SimulationError: it is not installed.
    """
    try:
        import skactiveml  # noqa: F401, PLC0415 - a development dependency
    except ImportError as problem:
        raise SimulationError(f"{LIBRARY} is not installed ({problem}): uv sync installs it.") from problem


class Peer:
    """A strategy at work on one pool.

    Args:
        name: one of `NAMES`.
        points: (n, m) unit length, of the pool: the raw features would take it minutes a query.
        classes: of the label config.
        seed: of whatever it draws.
    """

    def __init__(self, name: str, points: FloatArray, classes: int, seed: int) -> None:
        self._needs_head = name in WITH_HEAD
        self._points = points.astype(np.float64)
        self._rng = np.random.default_rng(seed)
        self._strategy = _strategy(name, classes, seed)

    def ask(self, dataset: Dataset, head: Head | None, count: int) -> IntArray:
        """Ids of the tasks to label next; drawn at random while a strategy that needs a head has none."""
        candidates = np.flatnonzero(dataset.pool)
        if self._needs_head and head is None:
            return dataset.task_ids[self._filled(candidates[:0], candidates, count)]
        known: dict[str, Any] = {}
        if self._needs_head and head is not None:
            known = {"clf": _classifier(head.probabilities(dataset.features[candidates])), "fit_clf": False}
        labels = np.where(dataset.labelled, dataset.targets, np.nan).astype(np.float64)
        chosen = self._strategy.query(self._points, labels, candidates=candidates, batch_size=count, **known)
        return dataset.task_ids[self._filled(np.asarray(chosen, dtype=np.int64), candidates, count)]

    def _filled(self, chosen: IntArray, candidates: IntArray, count: int) -> IntArray:
        """Each task once: where a strategy ran out of choices and named one twice, random ones take the place."""
        once = chosen[np.sort(np.unique(chosen, return_index=True)[1])]
        rest = np.setdiff1d(candidates, once)
        filled: IntArray = np.concatenate([once, self._rng.choice(rest, count - len(once), replace=False)])
        return filled


def _strategy(name: str, classes: int, seed: int) -> Any:
    from skactiveml import pool  # noqa: PLC0415 - a development dependency that takes seconds to import

    match name.removeprefix(PREFIX):
        case "margin":
            return pool.UncertaintySampling(method="margin_sampling", random_state=seed)
        case "typiclust":
            return pool.TypiClust(random_state=seed)
        case "coreset":
            return pool.CoreSet(random_state=seed)
        case "probcover":
            return pool.ProbCover(n_classes=max(classes, 2), random_state=seed)
        case "badge":
            return pool.Badge(random_state=seed)
    raise SimulationError(f"There is no peer {name!r}; choose of {', '.join(NAMES)}.")


def _classifier(probabilities: FloatArray) -> Any:
    """Our head as their classifier: it answers for the candidates, in their order, and for nothing else."""
    from skactiveml.base import SkactivemlClassifier  # noqa: PLC0415 - see `_strategy`

    class OurHead(SkactivemlClassifier):  # type: ignore[misc]
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "OurHead":  # noqa: N803, ARG002 - their interface
            return self

        def predict_proba(self, X: Any) -> FloatArray:  # noqa: N803 - their interface
            if len(X) != len(probabilities):
                raise SimulationError(f"Asked for {len(X)} images' probabilities; {len(probabilities)} are candidates.")
            return probabilities.astype(np.float64)

    return OurHead(classes=list(range(probabilities.shape[1])))
