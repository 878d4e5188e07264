"""The search as one HTML page."""

from optuna.study import Study

from scripts.lab import pages
from scripts.lab.tuning import plots, report
from scripts.lab.tuning.result import Search


def page(result: Search, study: Study) -> str:
    """Render the page.

    Args:
        result: what the search has come to.
        study: that it was made in.

    Returns:
        The page's HTML, which needs no other file.
    """
    return pages.render(
        "tuning/page.html",
        model=result.defaults.recipe.network,
        trials=len(result.trials),
        verdict=result.verdict(),
        changed=report.setting(result),
        tested=report.accuracies(result),
        history=plots.history(study),
        intermediate=plots.intermediate(study),
        importances=plots.importances(study),
        slices=plots.slices(study),
        listed=report.listed(result),
        settings=result.settings,
    )
