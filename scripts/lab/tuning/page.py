"""The search as one HTML page that needs nothing but itself."""

from optuna.study import Study

from scripts.lab import pages
from scripts.lab.tuning import plots, report
from scripts.lab.tuning.result import Result

TEST_NOTE = (
    "Both settings are trained anew, each training from other random numbers, and tested on images that took no part "
    "in the search. The interval is Wilson's, 95 %, for the mean of the trainings. An image counts for the setting "
    "that recognised it in more of them (McNemar's test, exact)."
)
HISTORY_NOTE = (
    "Least validation loss of each trial. The first trial is the defaults; the first ten are drawn at random."
)
INTERMEDIATE_NOTE = "A trial is pruned when its least loss so far is above the median of the trials before it."
IMPORTANCES_NOTE = (
    "How much of the difference between trials goes with each dimension (PED-ANOVA), as far as they tell."
)
SLICES_NOTE = (
    "Each whole trial is a dot; later ones are darker. rate_factor is the learning rate as a multiple of what is usual "
    "for the optimiser."
)


def page(result: Result, study: Study) -> str:
    """The page's HTML."""
    settings = result.settings
    model = result.defaults.recipe.network
    return pages.document(
        f"{model} tuned on {settings['data']}",
        f"Which setting trains {model} best?",
        f"{settings['data']} – {len(result.trials)} trials, {settings['pruned']} of them pruned",
        pages.best(result.verdict()),
        *_setting(result),
        *_charts(study),
        pages.section("Trials", pages.folded("All trials", pages.table(report.listed(result)))),
        pages.settings(settings),
    )


def _setting(result: Result) -> list[str]:
    tested = pages.section("Tested", pages.table(report.accuracies(result)), pages.note(TEST_NOTE))
    if result.winner is None:
        return [tested]
    return [pages.section("The best setting", pages.table(report.setting(result))), tested]


def _charts(study: Study) -> list[str]:
    importances = plots.importances(study)
    slices = [pages.image(each, "Validation loss by value") for each in plots.slices(study)]
    return [
        pages.section("The search", pages.image(plots.history(study), "Loss by trial"), pages.note(HISTORY_NOTE)),
        pages.section(
            "Epoch by epoch", pages.image(plots.intermediate(study), "Loss by epoch"), pages.note(INTERMEDIATE_NOTE)
        ),
        *(
            [pages.section("What matters", pages.image(importances, "Importances"), pages.note(IMPORTANCES_NOTE))]
            if importances
            else []
        ),
        pages.section("Value by value", *slices, pages.note(SLICES_NOTE)),
    ]
