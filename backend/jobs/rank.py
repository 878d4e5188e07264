"""Order the pool: what teaches the model most comes first, with the random arm's tasks mixed in."""

import numpy as np

from backend.dataset import Dataset
from backend.settings import Settings
from model.arrays import FloatArray
from model.head import Head
from model.rank.queue import ArmAccount, Candidates, Queue, build_queue
from model.rank.registry import Pool, strategy
from model.rank.schedule import coldstart_labels, strategy_for


def run(dataset: Dataset, head: Head | None, settings: Settings) -> tuple[Queue, str]:
    """The queue of all unlabelled tasks, and the name of the strategy that ordered it.

    To change how tasks are ranked, add a strategy to `model/rank/` and name it in `model/rank/schedule.py`.
    """
    name = strategy_for(
        labels=int(dataset.labelled.sum()),
        classes_in_config=len(dataset.classes),
        classes_seen=dataset.classes_seen,
    )
    pool = Pool(
        features=dataset.features,
        clusters=coldstart_labels(len(dataset.classes)),
        seed=settings.seed,
        probabilities=None if head is None else head.probabilities(dataset.features),
    )
    scores = strategy(name)(pool)
    account = ArmAccount(
        share=settings.arm_share,
        answered=int(dataset.answered.sum()),
        arm_answered=int((dataset.answered & dataset.in_arm).sum()),
    )
    return build_queue(_candidates(dataset, scores), account), name


def _candidates(dataset: Dataset, scores: FloatArray) -> Candidates:
    pool, unreadable = dataset.pool, np.array(dataset.unreadable, dtype=np.int64)
    nothing = np.full(len(unreadable), np.nan)
    return Candidates(
        task_ids=np.concatenate([dataset.task_ids[pool], unreadable]),
        scores=np.concatenate([scores[pool], nothing]),
        arm_positions=np.concatenate([dataset.arm_positions[pool], nothing]),
        skipped=np.concatenate([dataset.skipped[pool], np.zeros(len(unreadable), dtype=bool)]),
        unreadable=np.concatenate([np.zeros(int(pool.sum()), dtype=bool), np.ones(len(unreadable), dtype=bool)]),
    )
