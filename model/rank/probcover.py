"""ProbCover: as many images as possible shall lie within a radius of a label."""

import numpy as np

from model.arrays import BoolArray, FloatArray, IntArray
from model.rank.kmeans import kmeans, nearest
from model.rank.pool import Pool
from model.rank.selection import likest, sample

MOST_TARGETS = 8_000
"""Random images that are to be covered: their share stands for the share of all."""

MOST_CANDIDATES = 2_000
"""Random images that may be chosen; likenesses of 2,000 × 8,000 take 64 MB."""

MOST_PAIRED = 1_000
"""Random images, all pairs of which set the radius."""

PURITY = 0.95
RADII = tuple(0.05 * step for step in range(1, 29))
"""Among which the radius is chosen; at 1.4 two images have nothing in common."""

SHRINKING = 0.8
LEAST_RADIUS = 1e-2


def probcover(pool: Pool, count: int) -> IntArray:
    """ProbCover: whichever image covers most that no labelled or chosen one covers, again and again.

    The radius is `pure_radius`, with as many clusters as there are classes. Once all is covered, it shrinks by a fifth
    and covering begins anew; the paper goes on at random. Needs no head. O(t c m) time and O(t c) memory for t targets
    and c candidates (8,000 × 2,000 at most): 150 MB.

    Source: Yehuda, Dekel, Hacohen, Weinshall, "Active Learning Through a Covering Lens", NeurIPS 2022,
    arXiv:2205.11320.
    """
    points, rng = pool.points, pool.rng()
    rows = np.arange(len(points))
    candidates = sample(pool.candidates, MOST_CANDIDATES, rng)
    if not len(candidates):
        return candidates
    targets = points[sample(rows, MOST_TARGETS, rng)]
    radius = pure_radius(points[sample(rows, MOST_PAIRED, rng)], pool.classes, rng)
    likeness = points[candidates] @ targets.T
    return candidates[cover_within(likeness, likest(targets, points[pool.labelled]), radius, count)]


def cover_within(likeness: FloatArray, covered_by: FloatArray, radius: float, count: int) -> IntArray:
    """Choose greedily what covers most targets.

    Args:
        likeness: (c, t) dot products of candidates and targets, all of unit length.
        covered_by: (t,) likewise of each target and what was chosen before, -1 where nothing was.
        radius: above 0: whatever lies within it is covered.
        count: c of them where there are fewer.

    Returns:
        (min(count, c),) places among the candidates, in the order of choice; of equal gains the first.
    """
    covered_by, left = covered_by.copy(), np.ones(len(likeness), dtype=bool)
    chosen: list[int] = []
    near, gains, uncovered = _begin(likeness, covered_by, radius)
    while len(chosen) < min(count, len(likeness)):
        gains[~left] = -1
        best = int(gains.argmax())
        if gains[best] == 0 and radius > LEAST_RADIUS:
            radius *= SHRINKING
            near, gains, uncovered = _begin(likeness, covered_by, radius)
            continue
        chosen.append(best)
        left[best] = False
        np.maximum(covered_by, likeness[best], out=covered_by)
        newly = np.flatnonzero(near[best] & uncovered)
        uncovered[newly] = False
        np.subtract(gains, near[:, newly].sum(axis=1), out=gains)
    return np.array(chosen, dtype=np.int64)


def pure_radius(points: FloatArray, clusters: int, rng: np.random.Generator) -> float:
    """The largest radius within which an image's neighbours are of its cluster, 95 % of them on average.

    The paper asks for 95 % of images that have no neighbour of another cluster at all, which a few images on a border
    that k-means drew through a crowd turn into a radius within which nobody has a neighbour. So that this doesn't
    happen here either, the radius is at least the median distance to the nearest neighbour.

    Args:
        points: (n, m), n >= 1, rows of unit length.
        clusters: of k-means, whose clusters stand for the classes; >= 1.
        rng: of all draws.

    Returns:
        Above 0, 2 at most.
    """
    cluster_of = nearest(points, kmeans(points, clusters, rng))
    same = cluster_of[:, None] == cluster_of
    distances = np.sqrt(np.maximum(2 - 2 * (points @ points.T), 0))
    np.fill_diagonal(distances, np.inf)
    least = float(np.median(distances.min(axis=1))) if len(points) > 1 else 2.0
    pure = [radius for radius in RADII if _purity(distances <= radius, same) >= PURITY]
    return max(least, *pure, RADII[0])


def _purity(within: BoolArray, same: BoolArray) -> float:
    """Mean share of neighbours of an image's own cluster; an image without neighbours counts as pure."""
    neighbours = within.sum(axis=1)
    others = (within & ~same).sum(axis=1)
    return float(1 - (others / np.maximum(neighbours, 1)).mean())


def _begin(likeness: FloatArray, covered_by: FloatArray, radius: float) -> tuple[BoolArray, IntArray, BoolArray]:
    """(c, t) which candidate would cover which target, (c,) how many uncovered ones each, (t,) which are uncovered."""
    threshold = 1 - radius**2 / 2
    near, uncovered = likeness >= threshold, covered_by < threshold
    return near, near[:, uncovered].sum(axis=1), uncovered
