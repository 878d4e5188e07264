"""The gate of a fine-tuned backbone."""

import numpy as np

from backend.finetune import compare
from backend.store.dataset import Dataset
from model.arrays import FloatArray
from tests.unit.backend.drawn import CLASSES, WIDTH, drawn

LABELLED, HOLDOUT = 150, 60


def features(spread: float, seed: int = 1) -> FloatArray:
    """Of the tasks of `drawn`: classes that overlap the more the larger the spread."""
    rng = np.random.default_rng(seed)
    centres = 2 * np.eye(len(CLASSES), WIDTH)
    classes = np.arange(LABELLED) % len(CLASSES)
    found: FloatArray = np.abs(centres[classes] + rng.normal(scale=spread, size=(LABELLED, WIDTH)))
    return found.astype(np.float16)


def judged(before: float, after: float, *, holdout: int = HOLDOUT, held: int = 0) -> compare.PromotionVerdict:
    """What is said of features of one spread against those of another; `held` labels behind the holdout judge, too."""
    data = drawn(LABELLED, LABELLED, holdout)
    data = Dataset(**{**vars(data), "features": features(before)})
    challenger = dict(zip(data.task_ids.tolist(), features(after, seed=2), strict=True))
    validation = (data.task_ids > holdout) & (data.task_ids <= holdout + held)
    return compare.run(data, challenger, validation, seed=0)


def test_a_deliberately_worse_challenger_is_blocked() -> None:
    verdict = judged(before=0.3, after=3.0)
    assert verdict.blocked
    assert verdict.n == HOLDOUT
    assert verdict.lost > verdict.won
    assert "no better" in verdict.text


def test_a_better_one_passes() -> None:
    verdict = judged(before=3.0, after=0.3)
    assert not verdict.blocked
    assert verdict.won > verdict.lost
    assert verdict.p < 0.01


def test_where_both_are_right_everywhere_nothing_changes() -> None:
    verdict = judged(before=0.1, after=0.1)
    assert (verdict.lost, verdict.won) == (0, 0)
    assert verdict.blocked


def test_a_small_holdout_judges_together_with_what_was_held_back() -> None:
    assert judged(before=3.0, after=0.3, holdout=99, held=25).n == 124


def test_a_large_holdout_judges_alone() -> None:
    assert judged(before=3.0, after=0.3, holdout=100, held=25).n == 100


def test_without_a_label_to_judge_by_nothing_changes() -> None:
    assert judged(before=3.0, after=0.3, holdout=0).blocked
