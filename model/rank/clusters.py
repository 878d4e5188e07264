"""Strategies that cluster the images and take turns between the clusters."""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from model.arrays import FloatArray, IntArray
from model.rank.kmeans import kmeans, nearest
from model.rank.margin import margin
from model.rank.pool import Pool
from model.rank.selection import lowest, sample

MOST_CLUSTERED = 8_000
"""Random images that TypiClust's k-means runs on, and as many that may be chosen."""

MOST_CLUSTERS = 500
NEIGHBOURS = 20
"""Of TypiClust: how many images a typical one has close to it."""

LEAST_SIZE = 5
"""Images of smaller clusters are outliers to TypiClust: it comes to them last."""

MARGIN_FACTOR = 10
MOST_MARGINS = 4_000
"""Cluster-margin clusters ten times as many images as it chooses, 4,000 at most: their distances take 64 MB."""

BLOCK = 1_000
"""Rows of distances held at a time."""


def typiclust(pool: Pool, count: int) -> IntArray:
    """TypiClust: the most typical image of each cluster that holds no label, from the largest cluster down.

    There are as many clusters as labels and images to choose, 500 at most. Each choice goes to the cluster with the
    fewest labelled and chosen images, of equal ones to the largest, and takes its image with the nearest 20 neighbours
    there. The paper measures that anew after each choice, here it is once a query. Needs no head. O(c · clusters · m)
    time for c images, 8,000 at most, 1.5 s at 500 clusters; O(c m + c · clusters) memory, 100 MB.

    Source: Hacohen, Dekel, Weinshall, "Active Learning on a Budget: Opposite Strategies Suit High and Low Budgets",
    ICML 2022, arXiv:2202.02794.
    """
    points, labelled, rng = pool.points, pool.labelled, pool.rng()
    candidates = sample(pool.candidates, MOST_CLUSTERED, rng)
    if not len(candidates) or not count:
        return candidates[:0]
    clustered = sample(np.arange(len(points)), MOST_CLUSTERED, rng)
    centres = kmeans(points[clustered], min(len(labelled) + count, MOST_CLUSTERS), rng)
    cluster_of = nearest(points[candidates], centres)
    sizes = np.bincount(cluster_of, minlength=len(centres))
    labels_in = np.bincount(nearest(points[labelled], centres), minlength=len(centres))
    turn_of = _turns(cluster_of, _crowding(points[candidates], cluster_of))
    holds = labels_in[cluster_of] + turn_of
    order: IntArray = np.lexsort((cluster_of, -sizes[cluster_of], holds, sizes[cluster_of] < LEAST_SIZE))
    return candidates[order[:count]]


def cluster_margin(pool: Pool, count: int) -> IntArray:
    """Cluster-margin: the smallest margins, with clusters of them taking turns from the smallest cluster up.

    Average linkage, cut into as many clusters as there are images to choose. The paper clusters the whole pool once,
    here it is the 10 · count smallest margins each time, of which 4,000 at most are clustered and chosen from; within a
    cluster the smallest margin goes first, in the paper a random one. O(n k + s²) time and memory for s images
    clustered: 0.5 s and 130 MB at 4,000.

    Source: Citovsky, DeSalvo, Gentile, Karydas, Rajagopalan, Rostamizadeh, Kumar, "Batch Active Learning at Scale",
    NeurIPS 2021, arXiv:2107.14263.
    """
    available = pool.candidates
    gaps = margin(pool.probabilities[available])
    candidates = available[lowest(gaps, min(MARGIN_FACTOR * count, MOST_MARGINS))]
    if len(candidates) <= max(count, 1):
        return candidates[:count]
    tree = linkage(pdist(pool.points[candidates].astype(np.float64)), method="average")
    cluster_of = fcluster(tree, count, criterion="maxclust") - 1
    # Candidates come by margin: a cluster's n-th of them has its n-th smallest.
    turn_of = _turns(cluster_of, np.arange(len(candidates)))
    order: IntArray = np.lexsort((cluster_of, np.bincount(cluster_of)[cluster_of], turn_of))
    return candidates[order[:count]]


def _turns(cluster_of: IntArray, values: FloatArray | IntArray) -> IntArray:
    """(n,) how many of an image's cluster come before it: those of lower value, of equal ones those before it."""
    order = np.lexsort((values, cluster_of))
    sizes = np.bincount(cluster_of)
    firsts = np.cumsum(sizes) - sizes
    turns = np.empty(len(order), dtype=np.int64)
    turns[order] = np.arange(len(order)) - firsts[cluster_of[order]]
    return turns


def _crowding(points: FloatArray, cluster_of: IntArray) -> FloatArray:
    """(n,) mean distance of each point to its nearest 20 in its cluster, or to half of them where there are fewer."""
    crowding = np.empty(len(points))
    for cluster in np.unique(cluster_of):
        members = np.flatnonzero(cluster_of == cluster)
        # The point itself, at distance 0, is among the nearest; it adds nothing to the sum.
        neighbours = min(NEIGHBOURS, len(members) // 2)
        for start in range(0, len(members), BLOCK):
            rows = members[start : start + BLOCK]
            squared = np.maximum(2 - 2 * (points[rows] @ points[members].T), 0)
            nearest_ones = np.partition(squared, neighbours, axis=1)[:, : neighbours + 1]
            crowding[rows] = np.sqrt(nearest_ones).sum(axis=1) / max(neighbours, 1)
    return crowding
