"""The promotion gates: of a version, which is the rule; of a backbone and of a first head, which are exceptions."""

from scipy.special import bdtrc

from model.arrays import BoolArray
from model.errors import InputError
from model.insight.results import PromotionVerdict

SIGNIFICANCE = 0.01
"""Asked at every version: at 0.05, one in twenty good versions would be held back."""


LEAST_JUDGED = 5
"""Labels below which a first head does not take over from another model's predictions."""


def worse_beyond_chance(old_right: BoolArray, new_right: BoolArray) -> PromotionVerdict:
    """Compare two versions on the same tasks, by the exact one-sided sign test of those on which they differ.

    Args:
        old_right: (n,) whether the active version's out-of-fold prediction was right, by task.
        new_right: (n,) the same of the new version, in the same order of tasks.

    Raises:
        InputError: arrays of different lengths.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions or percentages", 1947;
    exact as in Conover, "Practical Nonparametric Statistics", 3rd edition, section 3.5.
    """
    if old_right.shape != new_right.shape or old_right.ndim != 1:
        raise InputError(f"Both versions need one answer for each task, got {old_right.shape} and {new_right.shape}.")
    lost, won = int((old_right & ~new_right).sum()), int((new_right & ~old_right).sum())
    p = float(bdtrc(lost - 1, lost + won, 0.5)) if lost else 1.0
    blocked = p < SIGNIFICANCE
    found = "worse beyond chance" if blocked else "not worse beyond chance"
    counts = f"of {len(old_right)} holdout labels, {lost} lost and {won} won against the active version"
    text = f"{found}: {counts} (p = {p:.2g})"
    return PromotionVerdict(blocked, p, len(old_right), lost, won, text)


def better_or_stay(old_right: BoolArray, new_right: BoolArray) -> PromotionVerdict:
    """Compare two backbones on the same tasks: the new one must win more labels than it loses.

    A version comes with every label, and is better unless chance says otherwise. A backbone comes once in a long while
    and moves everything: where nothing speaks for it, nothing changes. Of two that are equally likely to be the better
    one, the one with more right answers is it more often than not, however few the answers.

    Args:
        old_right: (n,) whether the prediction from the features in use was right, by task.
        new_right: (n,) the same of the new features, in the same order of tasks.

    Raises:
        InputError: arrays of different lengths.

    Source: as `worse_beyond_chance`.
    """
    verdict = worse_beyond_chance(old_right, new_right)
    lost, won = verdict.lost, verdict.won
    p = float(bdtrc(won - 1, lost + won, 0.5)) if won else 1.0
    found = "better" if won > lost else "no better"
    text = (
        f"{found}: of {verdict.n} labels that it never learned from, {won} won and {lost} lost against the backbone "
        f"in use (p = {p:.2g}, were they equally good)"
    )
    return PromotionVerdict(won <= lost, p, verdict.n, lost, won, text)


def beats_foreign(foreign_right: BoolArray, head_right: BoolArray) -> PromotionVerdict:
    """Compare another model's predictions with our head on the same tasks: the head must win more than it loses.

    It is asked at every version, and the answer may change again as long as it may be chance.

    Args:
        foreign_right: (n,) whether the other model's prediction was right, by task.
        head_right: (n,) whether the head's, out of fold, was, in the same order of tasks.

    Source: as `worse_beyond_chance`.
    """
    verdict = worse_beyond_chance(foreign_right, head_right)
    lost, won = verdict.lost, verdict.won
    p = float(bdtrc(won - 1, lost + won, 0.5)) if won else 1.0
    blocked = verdict.n < LEAST_JUDGED or won <= lost
    used = "foreign predictions are used" if blocked else "our head is used"
    text = f"{used}: of {verdict.n} labels, our head won {won} and lost {lost} against them (p = {p:.2g})"
    return PromotionVerdict(blocked, p, verdict.n, lost, won, text)
