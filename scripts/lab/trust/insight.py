"""The figures: does the interval of the accuracy hold the true one, and that of the labels saved the true number?

A project is labelled as the loop does and served as its second stage does; what it says of itself is compared with
what only a simulation can know: all classes, and random labels beyond the project.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from backend.loop import distil, evaluate, insight
from backend.store.records.insight import Insight
from model.arrays import FloatArray, IntArray
from model.geometry import points
from model.graph import neighbours
from model.head.fitting import fit
from model.head.head import Head
from model.insight.results import AccuracyNow, Advice, LabelsSaved
from scripts.lab.trust.errors import TrustError
from scripts.lab.trust.labelling import SEED, LabelledWorld, label, unlabelled
from scripts.lab.trust.promise import Answer, Promise
from scripts.lab.trust.worlds import Source, World, WorldImages

PROMISES = (
    Promise("accuracy", "the interval of the accuracy holds the true accuracy", 0.9),
    Promise("labels saved", "the interval of random labels needed holds the true number", 0.9),
    Promise("gain", "the interval of the gain of 100 labels holds the true gain", 0.9),
)

LEAST_LABELS, MOST_LABELS = 200, 700
MOST_SHARE = 0.5
"""Of a project's images, what is labelled at most."""
BATCH = 100
FURTHER = 100

PARTS = 5
"""The labelled images are predicted in fifths, each by a head of the other labels. It is a little worse than the served
one; but they are the smaller part of the project."""

FIRST_SIZE, SIZE_STEP = 40, 1.5
"""Random labels that the true learning curve begins at, and how they grow."""
MANY, DRAWS, DRAWS_OF_MANY = 500, 3, 2
"""Heads whose mean is a point of the true curve; fewer where each has many labels."""


@dataclass(frozen=True)
class _Needed:
    """Random labels whose heads are as good as the project's, on average.

    Attributes:
        labels: the true number.
        beyond: it is more than `labels`, where the images end.
    """

    labels: int
    beyond: bool


def run(source: Source, seed: int) -> list[Answer]:
    """Label a project, read its figures, and find the truth."""
    rng = np.random.default_rng(seed)
    world = source(rng)
    most = max(LEAST_LABELS, min(MOST_LABELS, int(MOST_SHARE * len(world.project.labels))))
    count = int(np.exp(rng.uniform(np.log(LEAST_LABELS), np.log(most))))
    labelled = label(unlabelled(world, f"trust {seed}"), world, count, BATCH)
    served, figures = serve(labelled)
    true = true_accuracy(labelled, served, world, rng)
    about: dict[str, Any] = {"seed": seed, "classes": len(world.classes), "images": len(world.project.labels)}
    about |= {"labels": figures.labels, "arm_labels": figures.holdout_labels, "true_accuracy": true}
    return [
        _accuracy(figures.accuracy, true, about),
        _labels_saved(figures.labels_saved, _needed(world, served, true, rng), about),
        _gain(figures.stop_adviser, labelled, world, served, about),
    ]


def serve(labelled: LabelledWorld) -> tuple[Head, Insight]:
    """The served head of a project, and its figures, as the second stage makes them.

    Args:
        labelled: with labels of two classes or more.
    """
    judged = evaluate.judge(labelled.dataset, *distil.run(labelled.dataset, _quick(labelled), _nearest(labelled), SEED))
    figures = insight.run(labelled.dataset, (), judged.head, judged.evaluation, judged.right, SEED)
    return judged.head, figures


def _quick(labelled: LabelledWorld) -> Head:
    if labelled.head is None:
        raise TrustError("A simulated project got labels of one class alone: give images of more classes.")
    return labelled.head


def _nearest(labelled: LabelledWorld) -> IntArray:
    known = labelled.dataset.points
    return neighbours(points(labelled.dataset.features, SEED) if known is None else known)


def true_accuracy(labelled: LabelledWorld, served: Head, world: World, rng: np.random.Generator) -> float:
    """How often the project is right on an image of its own whose label it does not know, over all of its images.

    Not on images from elsewhere: the served head has seen the unlabelled ones too, only not their labels. And not on
    the unlabelled ones alone: they are the easy ones where a strategy has asked for the others.
    """
    dataset = labelled.dataset
    left = np.flatnonzero(~dataset.labelled)
    right = accuracy(served, world, world.project.take(left)) * len(left) if len(left) else 0.0
    nearest = _nearest(labelled)
    for part in np.array_split(rng.permutation(labelled.order), PARTS):
        targets = dataset.targets.copy()
        targets[part] = -1
        without = replace(dataset, targets=targets, counted=np.zeros_like(dataset.counted))
        known = np.flatnonzero(targets >= 0)
        quick = fit(dataset.features[known], targets[known], world.classes, served.transform)
        head, _ = distil.run(without, quick, nearest, SEED)
        right += accuracy(head, world, world.project.take(part)) * len(part)
    return right / len(dataset.targets)


def accuracy(head: Head, world: World, images: WorldImages) -> float:
    """Share of images that a head is right on."""
    numbers = np.array([world.classes.index(name) for name in head.classes])
    return float((numbers[head.logits(images.features).argmax(axis=1)] == images.labels).mean())


def _accuracy(said: AccuracyNow, true: float, about: Mapping[str, Any]) -> Answer:
    estimate = said.accuracy
    held = None if estimate is None else bool(estimate.low <= true <= estimate.high)
    return Answer("accuracy", held, {**about, "said": estimate and asdict(estimate)})


def _labels_saved(said: LabelsSaved, needed: _Needed, about: Mapping[str, Any]) -> Answer:
    interval, held = said.random_labels, None
    if interval is not None:
        below = interval.high is not None and (needed.beyond or needed.labels > interval.high)
        held = bool(interval.low <= needed.labels and not below)
    details = {
        **about,
        "said": interval and asdict(interval),
        "true_random_labels": needed.labels,
        "or_more": needed.beyond,
    }
    return Answer("labels saved", held, details)


def _gain(said: Advice, labelled: LabelledWorld, world: World, served: Head, about: Mapping[str, Any]) -> Answer:
    estimate = next(step.gain for step in said.steps if step.labels == FURTHER)
    if estimate is None:
        return Answer("gain", None, dict(about))
    further = label(labelled, world, FURTHER, BATCH)
    head, _ = distil.run(further.dataset, _quick(further), _nearest(further), SEED)
    true = accuracy(head, world, world.elsewhere) - accuracy(served, world, world.elsewhere)
    held = bool(estimate.low <= true <= estimate.high)
    return Answer("gain", held, {**about, "said": asdict(estimate), "true_gain": true})


def _needed(world: World, served: Head, wanted: float, rng: np.random.Generator) -> _Needed:
    """Follow the true learning curve of random labels until it reaches an accuracy.

    Its points are made monotone from below: a mean that falls is chance.
    """
    images = WorldImages(
        np.concatenate([world.project.features, world.more.features]),
        np.concatenate([world.project.labels, world.more.labels]),
    )
    before = (1, 0.0)
    for size in _sizes(len(images.labels)):
        draws = DRAWS if size < MANY else DRAWS_OF_MANY
        right = [_random_head(images, size, world, served, rng) for _ in range(draws)]
        reached = max(before[1], float(np.mean(right)))
        if reached >= wanted:
            return _Needed(_between(before, (size, reached), wanted), beyond=False)
        before = (size, reached)
    return _Needed(before[0], beyond=True)


def _sizes(images: int) -> Iterator[int]:
    size = float(FIRST_SIZE)
    while size <= images:
        yield int(size)
        size *= SIZE_STEP


def _random_head(images: WorldImages, size: int, world: World, served: Head, rng: np.random.Generator) -> float:
    """Accuracy of a plain head on so many random labels."""
    drawn = images.take(rng.choice(len(images.labels), size, replace=False))
    return accuracy(fit(drawn.features, drawn.labels, world.classes, served.transform), world, world.elsewhere)


def _between(before: tuple[int, float], after: tuple[int, float], wanted: float) -> int:
    """Labels at an accuracy between two points (labels, accuracy), on a straight line in the logarithm of labels."""
    found: FloatArray = np.interp(wanted, [before[1], after[1]], np.log([before[0], after[0]]))
    return int(np.exp(found).round())
