"""Order the pool: what teaches the model most comes first, with the holdout's tasks mixed in."""

import numpy as np

from backend import logs
from backend.settings import Settings
from backend.store.dataset import Dataset
from model.head.head import Head
from model.rank.pool import Pool
from model.rank.queue import Candidates, HoldoutAccount, Queue, build_queue
from model.rank.ranking import Ranking, rank

log = logs.get()


def run(dataset: Dataset, head: Head | None, settings: Settings, *, foreign_leads: bool = False) -> tuple[Queue, str]:
    """The queue of all unlabelled tasks, and the name of the strategy that ordered it.

    To change how tasks are ranked, add a strategy to `model/rank/` and name it in `model/rank/registry.py`.

    Args:
        dataset: the project as it is.
        head: of the version; None before two classes have a label.
        settings: of the backend.
        foreign_leads: whether other models' predictions are better than the head.
    """
    pool = Pool(
        ids=dataset.task_ids,
        features=dataset.features,
        labels=dataset.targets,
        available=dataset.pool & ~dataset.in_holdout & ~dataset.skipped,
        classes=len(dataset.classes),
        seed=settings.seed,
        head=head,
        given_points=dataset.points,
        foreign=dataset.foreign.confidences if foreign_leads and dataset.foreign is not None else None,
    )
    ranking = rank(pool, settings.queue_head, settings.strategy, settings.near_duplicate)
    (log.warning if ranking.failed else log.info)("ranked", strategy=ranking.strategy, reason=ranking.reason)
    account = HoldoutAccount(
        share=settings.holdout_share,
        answered=int(dataset.answered.sum()),
        holdout_answered=int((dataset.answered & dataset.in_holdout).sum()),
    )
    return build_queue(_candidates(dataset, ranking), account, dataset.audited), ranking.strategy


def _candidates(dataset: Dataset, ranking: Ranking) -> Candidates:
    pool, unreadable = dataset.pool, np.array(dataset.unreadable, dtype=np.int64)
    n = len(dataset.task_ids)
    places, scores = np.full(n, n), np.full(n, np.nan)
    places[ranking.rows], scores[ranking.rows] = np.arange(len(ranking.rows)), ranking.scores
    nothing = np.full(len(unreadable), np.nan)
    return Candidates(
        task_ids=np.concatenate([dataset.task_ids[pool], unreadable]),
        places=np.concatenate([places[pool], np.full(len(unreadable), n)]),
        scores=np.concatenate([scores[pool], nothing]),
        holdout_positions=np.concatenate([dataset.holdout_positions[pool], nothing]),
        skipped=np.concatenate([dataset.skipped[pool], np.zeros(len(unreadable), dtype=bool)]),
        unreadable=np.concatenate([np.zeros(int(pool.sum()), dtype=bool), np.ones(len(unreadable), dtype=bool)]),
    )
