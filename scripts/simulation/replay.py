"""One run: a project labelled batch by batch in the order of its queue, by somebody who knows all answers."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic_settings import PydanticBaseSettingsSource

from backend.dataset import Dataset
from backend.jobs import evaluate, rank, train
from backend.settings import Settings
from backend.store.labels import Label
from model import arm
from model.arrays import IntArray
from model.head import Head
from model.metrics import expected_calibration_error
from scripts.simulation import peers
from scripts.simulation.serving import serve
from scripts.simulation.splits import Split

Asked = tuple[IntArray, str]
"""Task ids in the order of the queue, and the name of what ordered them."""


@dataclass(frozen=True)
class RunOptions:
    """What makes a run.

    Attributes:
        strategy: one of `model.rank.registry`, or a peer's name.
        split: its number.
        seed: of everything random but the split.
        batch: labels between two versions.
        budget: labels in all.
        random_arm: share of the tasks; peers know no arm and run without it.
        evaluate_every: labels between two measurements.
        stop_at: accuracy at which the run ends, or None.
    """

    strategy: str
    split: int
    seed: int
    batch: int
    budget: int
    random_arm: float
    evaluate_every: int
    stop_at: float | None


@dataclass(frozen=True)
class CurvePoint:
    """What a number of labels is worth.

    Attributes:
        labels: the tasks labelled so far.
        accuracy: on the test images; None before two classes have a label.
        ece: expected calibration error on the test images; None like accuracy.
        classes_seen: classes with a label.
        ranked_by: the strategy that chose the last batch.
        seconds: of the loop's cycle that led here: rank, train, evaluate.
        rank_seconds: of ranking alone.
    """

    labels: int
    accuracy: float | None
    ece: float | None
    classes_seen: int
    ranked_by: str
    seconds: float
    rank_seconds: float


class SimulationSettings(Settings):
    """The loop's settings, whatever the environment says: the same command gives the same figures everywhere."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: Any,  # noqa: ARG003 - pydantic names its arguments
        init_settings: PydanticBaseSettingsSource,
        *_: Any,
        **__: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def replay(split: Split, options: RunOptions, progress: Callable[[int], None]) -> list[CurvePoint]:
    """Label, train, evaluate, rank, until the budget is used up or the accuracy to stop at is reached.

    Args:
        split: with at least `options.budget` images to label.
        options: of the run.
        progress: told the number of labels after each batch.
    """
    ask = _asker(split, options)
    dataset, head = unlabelled(split, options), None
    curve: list[CurvePoint] = []
    labels, due = 0, 0
    while labels < options.budget:
        started = time.perf_counter()
        tasks, ranked_by = ask(dataset, head, min(options.batch, options.budget - labels))
        ranked = time.perf_counter()
        dataset = answer(dataset, tasks, split)
        answered = time.perf_counter()
        head = _version(dataset, options.seed)
        trained = time.perf_counter()
        labels += len(tasks)
        if labels >= min(due, options.budget):
            due = labels + options.evaluate_every
            accuracy, ece = (None, None) if head is None else measure(serve(dataset, head), split)
            cycle = ranked - started + trained - answered
            seen = dataset.classes_seen
            curve.append(CurvePoint(labels, accuracy, ece, seen, ranked_by, cycle, ranked - started))
        progress(labels)
        if options.stop_at is not None and curve and (curve[-1].accuracy or 0.0) >= options.stop_at:
            break
    return curve


def unlabelled(split: Split, options: RunOptions) -> Dataset:
    """The pool as the loop reads a project without labels; each seed draws a random arm of its own."""
    n = len(split.targets)
    task_ids = np.arange(1, n + 1)
    positions = arm.hash_positions(f"simulation {split.number} {options.seed}", task_ids)
    share = 0.0 if peers.is_peer(options.strategy) else options.random_arm
    return Dataset(
        classes=split.classes,
        task_ids=task_ids,
        features=split.features,
        targets=np.full(n, -1),
        skipped=np.zeros(n, dtype=bool),
        arm_positions=np.where(arm.in_arm(positions, share), positions, np.nan),
        counted=np.zeros(n, dtype=bool),
        unreadable=(),
        labels={},
    )


def answer(dataset: Dataset, tasks: IntArray, split: Split) -> Dataset:
    """Give tasks their true labels. The arm's come in their order, so all of them count."""
    now = datetime.now(UTC)
    rows = tasks - 1
    targets = dataset.targets.copy()
    targets[rows] = split.targets[rows]
    names = [split.classes[target] for target in split.targets[rows]]
    given = {task: Label(task, name, (task,), now, now) for task, name in zip(tasks.tolist(), names, strict=True)}
    return replace(dataset, targets=targets, counted=dataset.in_arm & (targets >= 0), labels=dataset.labels | given)


def measure(head: Head, split: Split) -> tuple[float, float]:
    """Accuracy and expected calibration error on the test images, both in [0, 1]."""
    probabilities = head.probabilities(split.test_features)
    places = {name: place for place, name in enumerate(split.classes)}
    known = np.array([places[name] for name in head.classes])
    right = known[probabilities.argmax(axis=1)] == split.test_targets
    return float(right.mean()), expected_calibration_error(probabilities.max(axis=1), right)


def _version(dataset: Dataset, seed: int) -> Head | None:
    head = train.run(dataset, seed)
    return None if head is None else evaluate.run(dataset, head, seed).head


def _asker(split: Split, options: RunOptions) -> Callable[[Dataset, Head | None, int], Asked]:
    points = split.points(options.seed)
    if peers.is_peer(options.strategy):
        peer = peers.Peer(options.strategy, points, len(split.classes), options.seed)
        return lambda dataset, head, count: (peer.ask(dataset, head, count), options.strategy)
    settings = SimulationSettings(
        strategy=options.strategy, queue_head=options.batch, arm_share=options.random_arm, seed=options.seed
    )

    def ask(dataset: Dataset, head: Head | None, count: int) -> Asked:
        queue, ranked_by = rank.run(dataset, head, settings, points)
        return queue.task_ids[:count], ranked_by

    return ask
