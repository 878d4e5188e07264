"""Run a strategy on a pool: the order of all images that may be asked for, and their rank scores."""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from model.arrays import FloatArray, IntArray
from model.errors import InputError
from model.head.head import FeatureTransform
from model.rank import auto
from model.rank.duplicates import near_duplicates
from model.rank.margin import margin
from model.rank.pool import Pool
from model.rank.registry import AUTO, strategy

SPARE = 1.25
"""How many images a strategy is asked for, as a share of those wanted, where near-duplicates may have to wait."""

LOOKED_AT = 10
"""Near-duplicates are sought among this many times the images wanted: a pool of nothing else must not cost seconds."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """What is to be asked, in order.

    Attributes:
        rows: (m,) rows of the pool that may be asked for, all of them: what the strategy chose, then the rest by
            margin, last the near-duplicates of those before.
        scores: (m,) float64 in [0, 1], ascending: the margins of these images, sorted. So the score of an image is that
            of its place, and the column stays the distribution of margins. Before there is a head, place / m.
        strategy: the name of the strategy that chose.
        reason: why this strategy, in a few words.
        failed: whether another strategy was to choose and failed; the reason says how.
    """

    rows: IntArray
    scores: FloatArray
    strategy: str
    reason: str
    failed: bool = False


def rank(pool: Pool, count: int, name: str = AUTO, near_duplicate: float = 1.0) -> Ranking:
    """Rank a pool.

    The answer does not depend on the order of the pool's rows. A strategy that fails is replaced by margin, or where
    there is no head by herding, with the reason saying so: the loop never stops for a strategy.

    Args:
        pool: images to order.
        count: how many images the strategy is to choose, >= 0; the rest follows by margin.
        name: a strategy's, or "auto".
        near_duplicate: in (0, 1]. Among the first `count` no two images have a likeness (the cosine of their `points`)
            above it, and none has it to a labelled one: such images come after all others. 1 lets all pass.

    Raises:
        InputError: an unknown name, or a feature that is not finite.
    """
    if name != AUTO:
        strategy(name)
    by_id = np.argsort(pool.ids)
    in_order = pool if (np.diff(pool.ids) > 0).all() else pool.take(by_id)
    try:
        ranking = _rank(in_order, count, name, near_duplicate)
    except InputError:
        if len(pool.features):
            # Names the row of a feature that is not finite as the caller numbers it.
            FeatureTransform.of(pool.features)
        raise
    return replace(ranking, rows=by_id[ranking.rows])


def _rank(pool: Pool, count: int, name: str, near_duplicate: float) -> Ranking:
    name, reason = auto.choose(pool) if name == AUTO else (name, "set")
    failed = False
    asked = count if near_duplicate >= 1 else ceil(SPARE * count)
    try:
        chosen = _checked(pool, strategy(name)(pool, asked), name)
    except Exception as error:
        # Whatever it is: a broken strategy must not cost the project its queue.
        fallback = "margin" if pool.head is not None else "herding"
        if name == fallback:
            raise
        failed, reason = True, f"{name} failed ({type(error).__name__}: {error})"
        name = fallback
        chosen = _checked(pool, strategy(name)(pool, asked), name)
    available = pool.candidates
    if pool.foreign is not None:
        sure = 1 - pool.foreign_doubt[available]
        by_margin, scores = available[np.argsort(sure, kind="stable")], np.sort(sure)
    elif pool.head is None:
        by_margin, scores = available, np.arange(len(available)) / max(len(available), 1)
    else:
        gaps = margin(pool.probabilities[available])
        by_margin, scores = available[np.argsort(gaps, kind="stable")], np.sort(gaps.astype(np.float64))
    rows = np.concatenate([chosen, _without(by_margin, chosen)])
    if near_duplicate < 1:
        rows = _near_duplicates_last(pool, rows, by_margin, count, near_duplicate)
    return Ranking(rows, scores, name, reason, failed)


def _near_duplicates_last(
    pool: Pool, rows: IntArray, by_margin: IntArray, count: int, near_duplicate: float
) -> IntArray:
    """The first `count` rows that are no near-duplicates, then the others by margin, then the near-duplicates."""
    looked_at = rows[: LOOKED_AT * count]
    found = near_duplicates(pool.points[looked_at], pool.points[pool.labelled], count, near_duplicate)
    first, last = looked_at[~found][:count], looked_at[found]
    return np.concatenate([first, _without(by_margin, np.concatenate([first, last])), last])


def _without(rows: IntArray, others: IntArray) -> IntArray:
    return rows[~np.isin(rows, others)]


def _checked(pool: Pool, chosen: IntArray, name: str) -> IntArray:
    if len(np.unique(chosen)) != len(chosen) or not pool.available[chosen].all():
        raise InputError(f"The strategy {name} chose an image twice, or one that may not be asked for.")
    return chosen.astype(np.int64)
