"""Coverage: images that stand for many others, which the labels don't stand for yet.

Greedy maximisation of Σ_x U(x) · max_s k(x, s) over the chosen and the labelled s, with k(x, s) = exp(-|x - s|² / σ²).
The gain of an image only falls as others are chosen, so each step looks again at the few whose old gain is still the
largest (lazy greedy), in blocks.
"""

import numpy as np
from threadpoolctl import threadpool_limits

from model.arrays import FloatArray, IntArray
from model.rank.margin import margin
from model.rank.pool import Pool
from model.rank.selection import lowest, sample

MOST_TARGETS = 8_000
"""Random images that are to be covered: the sum over them stands for the sum over all."""

MOST_CANDIDATES = 2_000
"""Images that may be chosen; kernels of 2,000 × 8,000 take 64 MB."""

SCALE_SAMPLE = 100
"""Random images whose nearest distances set the cold start's σ²; a tenth of the images where that is less."""

BLOCK = 64


def herding(pool: Pool, count: int) -> IntArray:
    """MaxHerding: needs no head, covers the pool evenly; the cold start.

    σ² is the median squared distance of an image to the nearest of 100 random ones. O(t · c) time and memory for t
    targets and c candidates (8,000 × 2,000 at most).

    Source: Bae, Noh, Sutherland, "Generalized Coverage for More Robust Low-Budget Active Learning", ECCV 2024,
    arXiv:2407.12212.
    """
    rng = pool.rng()
    points = pool.points
    targets = sample(np.arange(len(points)), MOST_TARGETS, rng)
    candidates = sample(pool.candidates, MOST_CANDIDATES, rng)
    centres = sample(np.arange(len(points)), min(SCALE_SAMPLE, 1 + len(points) // 10), rng)
    distances = 2 - 2 * (points[targets] @ points[centres].T).max(axis=1, initial=-1)
    variance = _positive(np.median(distances)) if len(distances) else 1.0
    chosen = cover(points[candidates], points[targets], points[pool.labelled], np.ones(len(targets)), variance, count)
    return candidates[chosen]


def uncertainty_herding(pool: Pool, count: int) -> IntArray:
    """Uncertainty herding: coverage weighted by U = 1 - margin.

    σ² is a quarter of the median squared distance between each labelled image and its nearest other. Candidates are the
    2,000 smallest margins. O(n k + t · c).

    Source: Bae, Oliveira, Sutherland, "Uncertainty Herding: One Active Learning Method for All Label Budgets", ICLR
    2025, arXiv:2412.20644.
    """
    points, labelled = pool.points, pool.labelled
    gaps = margin(pool.probabilities)
    available = pool.candidates
    candidates = available[lowest(gaps[available], MOST_CANDIDATES)]
    targets = sample(np.arange(len(points)), MOST_TARGETS, pool.rng())
    among = points[labelled] @ points[labelled].T
    np.fill_diagonal(among, -1)
    variance = _positive(np.median(2 - 2 * among.max(axis=1, initial=-1)) / 4) if len(labelled) > 1 else 1.0
    chosen = cover(points[candidates], points[targets], points[labelled], 1 - gaps[targets], variance, count)
    return candidates[chosen]


def cover(
    candidates: FloatArray,
    targets: FloatArray,
    covering: FloatArray,
    weights: FloatArray,
    variance: float,
    count: int,
) -> IntArray:
    """Choose greedily what covers the targets best.

    Args:
        candidates: (c, m) points of unit length.
        targets: (t, m), likewise.
        covering: (s, m), likewise: chosen before.
        weights: (t,) >= 0, of the targets.
        variance: σ², > 0.
        count: how many to choose, c at most.

    Returns:
        (min(count, c),) places among the candidates, in the order of choice; of equal gains the first.
    """
    # One thread: at these sizes more of them wait for each other, seconds where another process has a core.
    with threadpool_limits(limits=1, user_api="blas"):
        weights = weights.astype(np.float32)
        covered = np.zeros(len(targets), dtype=np.float32)
        for start in range(0, len(covering), BLOCK):
            np.maximum(covered, _kernel(covering[start : start + BLOCK], targets, variance).max(axis=0), out=covered)
        kernels = _kernel(candidates, targets, variance)
        gains = np.empty(len(candidates))
        for start in range(0, len(candidates), BLOCK):
            gains[start : start + BLOCK] = _gains(kernels[start : start + BLOCK], covered, weights)
        chosen = np.empty(min(count, len(candidates)), dtype=np.int64)
        for step in range(len(chosen)):
            chosen[step] = _best(kernels, covered, weights, gains)
            np.maximum(covered, kernels[chosen[step]], out=covered)
            gains[chosen[step]] = -np.inf
    return chosen


def _best(kernels: FloatArray, covered: FloatArray, weights: FloatArray, gains: FloatArray) -> int:
    """The candidate of the largest gain; `gains` are upper bounds from earlier steps, made anew as far as needed."""
    fresh = np.zeros(len(gains), dtype=bool)
    while True:
        first = int(gains.argmax())
        if fresh[first]:
            return first
        stale = np.flatnonzero(~fresh)
        block = stale[np.argsort(-gains[stale], kind="stable")[:BLOCK]] if len(stale) > BLOCK else stale
        block = block[gains[block] > -np.inf]
        gains[block] = _gains(kernels[block], covered, weights)
        fresh[block] = True


def _gains(kernels: FloatArray, covered: FloatArray, weights: FloatArray) -> FloatArray:
    more: FloatArray = kernels - covered
    np.maximum(more, 0, out=more)
    gains: FloatArray = more @ weights
    return gains


def _kernel(rows: FloatArray, targets: FloatArray, variance: float) -> FloatArray:
    """(rows, targets) float32 in (0, 1]."""
    kernel: FloatArray = rows @ targets.T
    kernel -= 1
    kernel *= 2 / variance
    np.exp(kernel, out=kernel)
    return kernel


def _positive(variance: float) -> float:
    """Images that are all alike have no distances to set a scale by."""
    return max(float(variance), 1e-3)
