"""Run a strategy on a pool: the order of all images that may be asked for, and their rank scores."""

from dataclasses import dataclass

import numpy as np

from model.arrays import FloatArray, IntArray
from model.errors import InputError
from model.head import FeatureTransform
from model.rank import auto
from model.rank.margin import margin
from model.rank.pool import Pool
from model.rank.registry import AUTO, strategy


@dataclass(frozen=True, eq=False)
class Ranking:
    """What is to be asked, in order.

    Attributes:
        rows: (m,) rows of the pool that may be asked for, all of them: what the strategy chose, then the rest by
            margin.
        scores: (m,) float64 in [0, 1], ascending: the margins of these images, sorted. So the score of an image is that
            of its place, and the column stays the distribution of margins. Before there is a head, place / m.
        strategy: the name of the strategy that chose.
        reason: why this strategy, in a few words.
    """

    rows: IntArray
    scores: FloatArray
    strategy: str
    reason: str


def rank(pool: Pool, count: int, name: str = AUTO) -> Ranking:
    """Rank a pool.

    The answer does not depend on the order of the pool's rows. A strategy that fails is replaced by margin, or where
    there is no head by herding, with the reason saying so: the loop never stops for a strategy.

    Args:
        count: how many images the strategy is to choose, >= 0; the rest follows by margin.
        name: a strategy's, or "auto".

    Raises:
        InputError: an unknown name, or a feature that is not finite.
    """
    if name != AUTO:
        strategy(name)
    by_id = np.argsort(pool.ids)
    ordered = pool.take(by_id)
    ranking = _rank(ordered, count, name)
    return Ranking(by_id[ranking.rows], ranking.scores, ranking.strategy, ranking.reason)


def _rank(pool: Pool, count: int, name: str) -> Ranking:
    name, reason = auto.choose(pool) if name == AUTO else (name, "set")
    try:
        chosen = _checked(pool, strategy(name)(pool, count), name)
    except Exception as error:
        # Whatever it is: a broken strategy must not cost the project its queue.
        fallback = "margin" if pool.head is not None else "herding"
        if name == fallback or not _finite(pool):
            raise
        reason = f"{name} failed ({type(error).__name__}: {error})"
        name = fallback
        chosen = _checked(pool, strategy(name)(pool, count), name)
    rest = np.setdiff1d(pool.candidates, chosen)
    if pool.head is None:
        return Ranking(np.concatenate([chosen, rest]), _places(len(chosen) + len(rest)), name, reason)
    gaps = margin(pool.probabilities[pool.candidates])
    gap_of = np.full(len(pool.ids), np.nan)
    gap_of[pool.candidates] = gaps
    rows = np.concatenate([chosen, rest[np.argsort(gap_of[rest], kind="stable")]])
    return Ranking(rows, np.sort(gaps.astype(np.float64)), name, reason)


def _checked(pool: Pool, chosen: IntArray, name: str) -> IntArray:
    if len(np.unique(chosen)) != len(chosen) or not pool.available[chosen].all():
        raise InputError(f"The strategy {name} chose an image twice, or one that may not be asked for.")
    return chosen.astype(np.int64)


def _finite(pool: Pool) -> bool:
    """Whether all features can be used at all."""
    try:
        FeatureTransform.of(pool.features)
    except InputError:
        return not len(pool.features)
    return True


def _places(n: int) -> FloatArray:
    return np.arange(n) / max(n, 1)
