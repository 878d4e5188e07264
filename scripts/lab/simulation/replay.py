"""A project labelled batch by batch in the order of its queue, by somebody who knows all answers."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic_settings import PydanticBaseSettingsSource

from backend.loop import evaluate, foreign, rank, train
from backend.settings import Settings
from backend.store.dataset import Dataset
from backend.store.labels import Label
from model import holdout
from model.arrays import IntArray
from model.head.head import Head
from model.insight.results import PromotionVerdict
from scripts.lab.simulation import peers
from scripts.lab.simulation.foreign import foreign_model
from scripts.lab.simulation.splits import Split

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
        random_arm: share of the tasks; peers know no holdout and run without it.
        evaluate_every: labels between two measurements.
        stop_at: accuracy at which the run ends, or None.
        foreign: accuracy of another model that predicts already, or None where there is none.
    """

    strategy: str
    split: int
    seed: int
    batch: int
    budget: int
    random_arm: float
    evaluate_every: int
    stop_at: float | None
    foreign: float | None = None


@dataclass(frozen=True, eq=False)
class Cycle:
    """What the loop does from one version to the next.

    Attributes:
        tasks: ids of those that were labelled in it, in the order of the queue.
        ranked_by: the strategy that chose them.
        dataset: the project after it.
        head: the quick head after it; None before two classes have a label.
        seconds: of ranking, training and evaluating.
        rank_seconds: of ranking alone.
        foreign_leads: whether people are shown what the foreign model predicts.
    """

    tasks: IntArray
    ranked_by: str
    dataset: Dataset
    head: Head | None
    seconds: float
    rank_seconds: float
    foreign_leads: bool = False


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
        """Leave only what the code itself says."""
        return (init_settings,)


def cycles(split: Split, options: RunOptions) -> Iterator[Cycle]:
    """Rank, label, train, evaluate, until the budget is used up.

    Args:
        split: with at least `options.budget` images to label.
        options: of the run.
    """
    ask = _asker(split, options)
    dataset, head = unlabelled(split, options), None
    labels, verdict = 0, foreign.run(dataset, None, None, options.seed)
    while labels < options.budget:
        started = time.perf_counter()
        tasks, ranked_by = ask(dataset, head, min(options.batch, options.budget - labels), _leads(verdict))
        ranked = time.perf_counter()
        dataset = answer(dataset, tasks, split)
        answered = time.perf_counter()
        head = train.run(dataset)
        if head is not None:
            head = evaluate.run(dataset, head, options.seed).head
            verdict = foreign.run(dataset, head, verdict, options.seed)
        seconds = ranked - started + time.perf_counter() - answered
        labels += len(tasks)
        yield Cycle(tasks, ranked_by, dataset, head, seconds, ranked - started, _leads(verdict))


def _leads(verdict: PromotionVerdict | None) -> bool:
    return verdict is not None and verdict.blocked


def unlabelled(split: Split, options: RunOptions) -> Dataset:
    """The pool as the loop reads a project without labels; each seed draws a holdout of its own."""
    n = len(split.targets)
    task_ids = np.arange(1, n + 1)
    positions = holdout.hash_positions(f"simulation {split.number} {options.seed}", task_ids)
    other = None if options.foreign is None else foreign_model(split, options.foreign, options.seed)
    return Dataset(
        classes=split.classes,
        task_ids=task_ids,
        features=split.features,
        targets=np.full(n, -1),
        skipped=np.zeros(n, dtype=bool),
        holdout_positions=np.where(holdout.in_holdout(positions, options.random_arm), positions, np.nan),
        counted=np.zeros(n, dtype=bool),
        unreadable=(),
        labels={},
        points=split.points(options.seed),
        automatic=frozenset() if other is None else other.learned,
        foreign=None if other is None else other.opinions,
    )


def answer(dataset: Dataset, tasks: IntArray, split: Split) -> Dataset:
    """Give tasks their true labels. The holdout's come in their order, so all of them count."""
    now = datetime.now(UTC)
    rows = tasks - 1
    targets = dataset.targets.copy()
    targets[rows] = split.targets[rows]
    names = [split.classes[target] for target in split.targets[rows]]
    given = {task: Label(task, name, (task,), now, now) for task, name in zip(tasks.tolist(), names, strict=True)}
    counted = dataset.in_holdout & (targets >= 0)
    return replace(dataset, targets=targets, counted=counted, labels=dataset.labels | given)


def _asker(split: Split, options: RunOptions) -> Callable[[Dataset, Head | None, int, bool], Asked]:
    if peers.is_peer(options.strategy):
        peer = peers.Peer(options.strategy, split.points(options.seed), len(split.classes), options.seed)
        return lambda dataset, head, count, _: (peer.ask(dataset, head, count), options.strategy)
    settings = SimulationSettings(
        strategy=options.strategy, queue_head=options.batch, holdout_share=options.random_arm, seed=options.seed
    )

    def ask(dataset: Dataset, head: Head | None, count: int, foreign_leads: bool) -> Asked:
        queue, ranked_by = rank.run(dataset, head, settings, foreign_leads=foreign_leads)
        return queue.task_ids[:count], ranked_by

    return ask
