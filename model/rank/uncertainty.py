"""Strategies that score each image by itself and ask the lowest first."""

from model.arrays import IntArray
from model.rank.margin import margin
from model.rank.pool import Pool
from model.rank.selection import lowest


def by_margin(pool: Pool, count: int) -> IntArray:
    """Smallest `margin` first. O(n k) time and memory."""
    candidates = pool.candidates
    return candidates[lowest(margin(pool.probabilities[candidates]), count)]


def by_chance(pool: Pool, count: int) -> IntArray:
    """A random order, the baseline of all others. O(n)."""
    return pool.rng().permutation(pool.candidates)[:count]
