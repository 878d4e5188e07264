"""Disagreement of heads that were fitted on other draws of the same labels."""

import numpy as np

from model.arrays import FloatArray, IntArray
from model.head.fitting import fit
from model.head.head import softmax
from model.rank.margin import margin
from model.rank.pool import Pool
from model.rank.selection import lowest
from model.rank.uncertainty import entropy

MEMBERS = 5
"""Heads in the ensemble; each costs a fit."""

MOST_CANDIDATES = 5_000
"""Images the ensemble looks at, those of the smallest margin: where the head is sure, the ensemble seldom disagrees."""


def bald(pool: Pool, count: int) -> IntArray:
    """BALD: largest information about the head first, by an ensemble of five heads on bootstrap draws of the labels.

    The information is the entropy of the mean of the members' probabilities, less the mean of their entropies: large
    where each is sure, and of something else. Five fits, then O(c k d) for c candidates, 5,000 at most; memory
    O(c (d + 5 k)), 40 MB.

    Source: Houlsby, Huszár, Ghahramani, Lengyel, "Bayesian Active Learning for Classification and Preference Learning",
    arXiv:1112.5745; the ensemble: Abe, Mamitsuka, "Query Learning Strategies Using Boosting and Bagging", ICML 1998.
    """
    available = pool.candidates
    candidates = available[lowest(margin(pool.probabilities[available]), MOST_CANDIDATES)]
    information = disagreement(_votes(pool, candidates))
    return candidates[lowest(-information, count)]


def disagreement(probabilities: FloatArray) -> FloatArray:
    """Mutual information between an image's class and the member of the ensemble.

    Args:
        probabilities: (members, n, k), the last axis sums to 1.

    Returns:
        (n,) in [0, log k]: 0 where all members say the same.
    """
    information: FloatArray = entropy(probabilities.mean(axis=0)) - entropy(probabilities).mean(axis=0)
    return information


def _votes(pool: Pool, candidates: IntArray) -> FloatArray:
    """(members, candidates, classes with labels) float32 probabilities of heads on bootstrap draws."""
    rng, quick = pool.rng(), pool.fitted_head
    labelled = pool.labelled
    targets = np.unique(pool.labels[labelled], return_inverse=True)[1]
    names = [str(each) for each in range(int(targets.max(initial=0)) + 1)]
    known = pool.features[labelled]
    draws = [_bootstrap(targets, rng) for _ in range(MEMBERS)]
    heads = [fit(known[rows], targets[rows], names, quick.transform, l2=quick.l2) for rows in draws]
    logits = quick.transform.project(pool.features[candidates], np.hstack([head.weights for head in heads]))
    logits += np.concatenate([head.bias for head in heads])
    logits /= quick.temperature
    return np.stack([softmax(of_member) for of_member in np.split(logits, MEMBERS, axis=1)])


def _bootstrap(targets: IntArray, rng: np.random.Generator) -> IntArray:
    """Rows drawn with replacement, and one of every class that the draw missed: members know the same classes."""
    drawn = rng.integers(len(targets), size=len(targets))
    shuffled = rng.permutation(len(targets))
    classes, firsts = np.unique(targets[shuffled], return_index=True)
    missed = ~np.isin(classes, targets[drawn])
    return np.concatenate([drawn, shuffled[firsts[missed]]])
