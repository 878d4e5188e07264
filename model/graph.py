"""The neighbour graph of a project's images, and labels that spread along it."""

import os

import numpy as np
from scipy.sparse import csr_matrix, diags_array

from model.arrays import FloatArray, IntArray

NEIGHBOURS = 10

EXACT_UP_TO = 20_000
"""Images that are all compared with each other, in about two seconds; beyond, the search is approximate."""

LISTS, PROBES, TRAINED_ON = 1024, 16, 40_000
"""Of the approximate search: lists of images, lists looked through for each image, and images the lists are made on."""

UNKNOWN = -1
"""In place of each neighbour of an image that was not looked up yet."""

BLOCK = 1024
PULL = 0.3
"""Share of an image's label that comes from its neighbours."""

STEPS = 4
"""Steps of spreading; more of them change no accuracy."""


def neighbours(points: FloatArray, known: IntArray | None = None) -> IntArray:
    """The nearest images of each image, itself left out.

    Up to 20,000 images exactly, O(n²); beyond, by an inverted file, O(n · n / 64), where about one in twenty is missed.

    Args:
        points: (n, m) float32 of unit length, see `model.geometry`.
        known: (n, 10) from an earlier call, rows of `UNKNOWN` where images were not looked up yet: only these are, and
            the others don't learn of them. `affinity` is symmetric anyway.

    Returns:
        (n, min(10, n - 1)) int32, nearest first.

    Source of the inverted file: Johnson, Douze, Jégou, "Billion-scale similarity search with GPUs", 2017.
    """
    n, count = len(points), max(min(NEIGHBOURS, len(points) - 1), 0)
    nearest = np.full((n, count), UNKNOWN, dtype=np.int32)
    if known is not None and known.shape == nearest.shape:
        nearest[:] = known
    if count:
        rows = np.flatnonzero(nearest[:, 0] == UNKNOWN)
        search = _exactly if n <= EXACT_UP_TO else _approximately
        nearest[rows] = search(points, rows, count)
    return nearest


def _exactly(points: FloatArray, rows: IntArray, count: int) -> IntArray:
    found = np.empty((len(rows), count), dtype=np.int32)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        likeness = points[block] @ points.T
        likeness[np.arange(len(block)), block] = -np.inf
        found[start : start + BLOCK] = _largest(likeness, count)
    return found


def _approximately(points: FloatArray, rows: IntArray, count: int) -> IntArray:
    # Loaded where it is needed: most projects are smaller.
    import faiss  # noqa: PLC0415

    faiss.omp_set_num_threads(os.cpu_count() or 1)
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(points.shape[1]), points.shape[1], LISTS, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = 5
    index.train(points[:: max(1, len(points) // TRAINED_ON)])
    index.add(points)
    index.nprobe = PROBES
    _, found = index.search(points[rows], count + 1)
    own = found == rows[:, None]
    # Among copies of an image it may not have found itself: then the least alike goes.
    own[~own.any(axis=1), -1] = True
    others = found[~own].reshape(len(found), count)
    # A list that held too few images leaves -1: the image itself, which spreads nothing new.
    missing = others < 0
    others[missing] = np.broadcast_to(rows[:, None], others.shape)[missing]
    nearest: IntArray = others.astype(np.int32)
    return nearest


def _largest(likeness: FloatArray, count: int) -> IntArray:
    among = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(likeness, among, axis=1), axis=1, kind="stable")
    largest: IntArray = np.take_along_axis(among, order, axis=1).astype(np.int32)
    return largest


def affinity(nearest: IntArray) -> csr_matrix:
    """The graph as a matrix: symmetric, each edge divided by the root of both ends' degrees.

    Args:
        nearest: (n, c) of `neighbours`.

    Returns:
        (n, n) float32, eigenvalues in [-1, 1].

    Source: Zhou et al., "Learning with Local and Global Consistency", NIPS 2003, section 2.
    """
    n, count = nearest.shape
    ends = np.repeat(np.arange(n), count), nearest.ravel()
    edges = csr_matrix((np.ones(n * count, dtype=np.float32), ends), shape=(n, n))
    edges = edges.maximum(edges.T)
    degrees = np.asarray(edges.sum(axis=1)).ravel()
    roots = diags_array((1 / np.sqrt(np.maximum(degrees, 1))).astype(np.float32))
    return csr_matrix(roots @ edges @ roots)


def spread(edges: csr_matrix, seeds: FloatArray) -> FloatArray:
    """Let every image's row of `seeds` flow to its neighbours: F ← 0.3 · edges · F + 0.7 · seeds, four times.

    Args:
        edges: (n, n) of `affinity`.
        seeds: (n, k) float32 >= 0.

    Returns:
        (n, k) float32 >= 0.

    Source: Zhou et al., as above.
    """
    values = seeds
    for _ in range(STEPS):
        values = PULL * (edges @ values) + (1 - PULL) * seeds
    return values
