"""Strategies that score each image by itself and ask the lowest first."""

import numpy as np

from model.arrays import FloatArray, IntArray
from model.head.head import TINY
from model.rank.margin import margin
from model.rank.pool import Pool
from model.rank.selection import lowest


def by_margin(pool: Pool, count: int) -> IntArray:
    """Smallest `margin` first. O(n k) time and memory.

    Source: Scheffer, Decomain, Wrobel, "Active Hidden Markov Models for Information Extraction", IDA 2001.
    """
    candidates = pool.candidates
    return candidates[lowest(margin(pool.probabilities[candidates]), count)]


def by_least_confidence(pool: Pool, count: int) -> IntArray:
    """Least probability of the most probable class first. O(n k) time and memory.

    Source: Lewis, Gale, "A Sequential Algorithm for Training Text Classifiers", SIGIR 1994, arXiv:cmp-lg/9407020.
    """
    candidates = pool.candidates
    return candidates[lowest(pool.probabilities[candidates].max(axis=1), count)]


def by_entropy(pool: Pool, count: int) -> IntArray:
    """Largest `entropy` first: unsure among many classes, not only two. O(n k) time and memory.

    Source: Holub, Perona, Burl, "Entropy-based active learning for object recognition", CVPR workshops 2008.
    """
    candidates = pool.candidates
    return candidates[lowest(-entropy(pool.probabilities[candidates]), count)]


def by_chance(pool: Pool, count: int) -> IntArray:
    """A random order, the baseline of all others. O(n)."""
    return pool.rng().permutation(pool.candidates)[:count]


def entropy(probabilities: FloatArray) -> FloatArray:
    """Shannon's entropy.

    Args:
        probabilities: (..., k), the last axis sums to 1.

    Returns:
        (...) in [0, log k]; 0 is certain.
    """
    surprises: FloatArray = np.log(np.maximum(probabilities, TINY))
    surprises *= probabilities
    total: FloatArray = -surprises.sum(axis=-1)
    return total
