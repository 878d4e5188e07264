"""Coverage: images that stand for many others, which the labels don't stand for yet.

Greedy maximisation of Σ_x U(x) · max_s k(x, s) over the chosen and the labelled s, with k(x, s) = exp(-|x - s|² / σ²).
The gain of an image only falls as others are chosen, so each step looks again at the few whose old gain is still the
largest (lazy greedy), in blocks.
"""

import numpy as np

from model.arrays import FloatArray, IntArray
from model.rank.margin import margin
from model.rank.pool import Pool
from model.rank.selection import lowest, sample
from model.threads import for_each, one_blas_thread

MOST_TARGETS = 8_000
"""Random images that are to be covered: the sum over them stands for the sum over all."""

MOST_CANDIDATES = 4_000
"""Images that may be chosen: random ones, or those of the smallest margins. The kernel of candidates and targets takes
128 MB at most."""

BROAD_UNTIL = 3
"""Labels a class up to which uncertainty herding looks for what is new, in steps as wide as the labels lie apart; then
it looks closer, and wherever the model is a little unsure."""

SCALE_SAMPLE = 100
"""Random images whose nearest distances set the cold start's σ²; a tenth of the images where that is less."""

SPACING_SAMPLE = 1_000
"""Labelled images whose nearest other one sets σ² later."""

BLOCK = 64
ROWS_AT_ONCE = 256
"""Candidates that a thread takes on at a time: small enough for the caches."""


def herding(pool: Pool, count: int) -> IntArray:
    """MaxHerding: needs no head, covers the pool evenly; the cold start.

    Where another model predicts better than the head, images count by how unsure it is of them, and those that it is
    least sure of may be chosen: uncertainty herding by that model.

    σ² is the median squared distance of an image to the nearest of 100 random ones. O(t · c) time and memory for t
    targets and c candidates (8,000 and 4,000 at most).

    Source: Bae, Noh, Sutherland, "Generalized Coverage for More Robust Low-Budget Active Learning", ECCV 2024,
    arXiv:2407.12212.
    """
    rng = pool.rng()
    points = pool.points
    targets = sample(np.arange(len(points)), MOST_TARGETS, rng)
    weights = np.ones(len(points)) if pool.foreign is None else pool.foreign_doubt
    candidates = sample(pool.candidates, MOST_CANDIDATES, rng)
    if pool.foreign is not None:
        candidates = pool.candidates[lowest(-weights[pool.candidates], MOST_CANDIDATES)]
    centres = sample(np.arange(len(points)), min(SCALE_SAMPLE, 1 + len(points) // 10), rng)
    distances = 2 - 2 * (points[targets] @ points[centres].T).max(axis=1, initial=-1)
    variance = _positive(np.median(distances)) if len(distances) else 1.0
    return candidates[
        cover(points[candidates], points[targets], points[pool.labelled], weights[targets], variance, count)
    ]


def uncertainty_herding(pool: Pool, count: int) -> IntArray:
    """Uncertainty herding: coverage weighted by U = 1 - margin, and by its root from three labels a class on.

    σ² is half the median squared distance between a labelled image and its nearest other, later a quarter. O(n k + t c)
    time and memory.

    Source: Bae, Oliveira, Sutherland, "Uncertainty Herding: One Active Learning Method for All Label Budgets", ICLR
    2025, arXiv:2412.20644.
    """
    points, available = pool.points, pool.candidates
    covering = points[pool.labelled]
    # Other targets with each label: none is left out for good.
    rng = np.random.default_rng((pool.seed, len(covering)))
    targets = sample(np.arange(len(points)), MOST_TARGETS, rng)
    gaps = margin(pool.probabilities)
    candidates = available[lowest(gaps[available], MOST_CANDIDATES)]
    broad = len(covering) < BROAD_UNTIL * pool.classes
    unsure = (1 - gaps[targets]) ** (1.0 if broad else 0.5)
    variance = _positive(_spacing(covering, rng) / (2 if broad else 4))
    return candidates[cover(points[candidates], points[targets], covering, unsure, variance, count)]


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
    weights = weights.astype(np.float32)
    kernels = np.empty((len(candidates), len(targets)), dtype=np.float32)
    gains = np.empty(len(candidates))
    # BLAS's own threads wait for each other by spinning, seconds where another process has a core; ours don't.
    with one_blas_thread():
        covered = np.zeros(len(targets), dtype=np.float32)
        for start in range(0, len(covering), ROWS_AT_ONCE):
            by_block = _kernel(covering[start : start + ROWS_AT_ONCE], targets, variance)
            np.maximum(covered, by_block.max(axis=0), out=covered)

        def compare(start: int) -> None:
            rows = slice(start, start + ROWS_AT_ONCE)
            kernels[rows] = _kernel(candidates[rows], targets, variance)
            gains[rows] = _gains(kernels[rows], covered, weights)

        for_each(compare, range(0, len(candidates), ROWS_AT_ONCE))
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
        block = stale[lowest(-gains[stale], BLOCK)]
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


def _spacing(points: FloatArray, rng: np.random.Generator) -> float:
    """Median squared distance of a point to its nearest other; 1 where there is no other."""
    if len(points) < 2:
        return 1.0
    rows = sample(np.arange(len(points)), SPACING_SAMPLE, rng)
    likeness = points[rows] @ points.T
    likeness[np.arange(len(rows)), rows] = -1
    return float(np.median(2 - 2 * likeness.max(axis=1)))


def _positive(variance: float) -> float:
    """Images that are all alike have no distances to set a scale by."""
    return max(float(variance), 1e-3)
