"""DropQuery: images whose class changes when most of the feature is hidden from the head."""

import numpy as np

from model.arrays import BoolArray, FloatArray, IntArray
from model.rank.kmeans import kmeans, nearest
from model.rank.margin import margin
from model.rank.pool import Pool
from model.rank.selection import lowest, sample

MOST_CANDIDATES = 10_000
"""Random images that may be chosen."""

DRAWS = 3
DROPPED = 0.75
"""Share of the numbers hidden in each draw."""

BLOCK = 2_000
"""Images whose numbers are hidden at a time: 10 MB at 1,280 numbers."""


def dropquery(pool: Pool, count: int) -> IntArray:
    """DropQuery: images whose class changes in most of three draws of dropout, one from each of `count` clusters.

    It is the one nearest the cluster's centre, the largest cluster's first. Where no more images change than are asked
    for, it is these by margin. O(c (d k + clusters m)) time for c candidates, 10,000 at most; memory O(c (k + m +
    clusters)), 50 MB.

    Source: Gupte, Aklilu, Nirschl, Yeung-Levy, "Revisiting Active Learning in the Era of Vision Foundation Models",
    TMLR 2024, arXiv:2401.14555.
    """
    rng = pool.rng()
    certain = pool.probabilities.argmax(axis=1)
    candidates = sample(pool.candidates, MOST_CANDIDATES, rng)
    candidates = candidates[_changes(pool, candidates, certain[candidates], rng)]
    if len(candidates) <= count:
        return candidates[lowest(margin(pool.probabilities[candidates]), count)]
    points = pool.points[candidates]
    centres = kmeans(points, max(count, 1), rng)
    return candidates[_most_central(points, centres)[:count]]


def _changes(pool: Pool, rows: IntArray, certain: IntArray, rng: np.random.Generator) -> BoolArray:
    """(n,) whether the head gives another class than `certain` in more than half of the draws."""
    head = pool.fitted_head
    changed = np.zeros(len(rows), dtype=np.int64)
    for start in range(0, len(rows), BLOCK):
        block = slice(start, start + BLOCK)
        whole = head.transform.apply(pool.features[rows[block]])
        for _ in range(DRAWS):
            kept = rng.random(whole.shape, dtype=np.float32) >= DROPPED
            logits = (whole * kept) @ head.weights / np.float32(1 - DROPPED) + head.bias
            changed[block] += logits.argmax(axis=1) != certain[block]
    most: BoolArray = changed > DRAWS / 2
    return most


def _most_central(points: FloatArray, centres: FloatArray) -> IntArray:
    """The point of each cluster nearest its centre, the largest cluster's first."""
    cluster_of = nearest(points, centres)
    away = points - centres[cluster_of]
    by_cluster = np.lexsort((np.einsum("ij,ij->i", away, away), cluster_of))
    _, firsts, sizes = np.unique(cluster_of[by_cluster], return_index=True, return_counts=True)
    central: IntArray = by_cluster[firsts[np.argsort(-sizes, kind="stable")]]
    return central
