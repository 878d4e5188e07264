"""The comparison of models as one HTML page."""

from typing import Any

from scripts.lab import pages
from scripts.lab.comparison import class_plots, mistakes, plots, tables
from scripts.lab.comparison.figures import ModelFigures
from scripts.lab.comparison.results import JudgedModels
from scripts.lab.comparison.verdict import ranked, verdict

PAIRS = 10
"""Most frequent mistakes that are listed."""


def page(judged: JudgedModels) -> str:
    """Render the page; the best model comes first.

    Args:
        judged: all that was measured.

    Returns:
        The page's HTML, which needs no other file.
    """
    models = ranked(judged.models)
    return pages.render(
        "comparison/page.html",
        verdict=verdict(judged.models),
        missing=judged.missing,
        accuracies=tables.accuracies(models),
        costs=tables.costs(models),
        curves=plots.curves(models) if any(each.outcome.history for each in models) else None,
        losses=tables.losses(models),
        reliability=plots.reliability(models),
        distribution=plots.distribution(judged.classes, judged.parts),
        models=[_alone(judged, model) for model in models],
        settings=judged.settings,
    )


def _alone(judged: JudgedModels, model: ModelFigures) -> dict[str, Any]:
    """One model in depth, as the template shows it."""
    return {
        "name": model.outcome.model,
        "mistakes": mistakes.grid(model, judged.images[model.outcome.model], judged.split.test),
        "wrong": int((~model.right).sum()),
        "confused": tables.confused(model, PAIRS),
        "confusion": class_plots.confusion(model),
        "rows": class_plots.rows(model),
        "by_class": tables.by_class(model),
    }
