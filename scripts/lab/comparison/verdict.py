"""The best model in a few words, and whether that may be chance."""

from collections.abc import Sequence

from scipy.stats import binomtest

from scripts.lab.comparison.figures import ModelFigures
from scripts.lab.comparison.tables import with_interval

SIGNIFICANCE = 0.05


def ranked(models: Sequence[ModelFigures]) -> list[ModelFigures]:
    """The model that is right most often on the test images first."""
    return sorted(models, key=lambda model: -model.parts["test"].accuracy.value)


def verdict(models: Sequence[ModelFigures]) -> str:
    """One or two sentences, of at least one model."""
    best, *others = ranked(models)
    figure = f"{with_interval(best.parts['test'].accuracy)} of {len(best.targets):,} test images"
    if not others:
        return f"{best.outcome.model} recognises {figure}."
    said = f"{best.outcome.model} is right most often: {figure}"
    second = others[0]
    ahead = f"{said}, ahead of {second.outcome.model} with {with_interval(second.parts['test'].accuracy)}"
    p = chance(best, second)
    if p < SIGNIFICANCE:
        return f"{ahead}. The difference is beyond chance (p = {p:.2g})."
    return f"{ahead}. That may be chance (p = {p:.2g}): test on more images to tell the two apart."


def chance(one: ModelFigures, other: ModelFigures) -> float:
    """How likely two models differ so, or more, on the same test images if both were equally good; in (0, 1]."""
    return chance_of(int((one.right & ~other.right).sum()), int((other.right & ~one.right).sum()))


def chance_of(won: int, lost: int) -> float:
    """How likely two equals differ so, or more, in (0, 1].

    Args:
        won: images on which only the one was right, or was so more often.
        lost: and the other.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions or percentages", 1947;
    exact, two-sided.
    """
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0
