"""The trials as CSV and as rows of text."""

import csv
from collections.abc import Sequence
from dataclasses import asdict
from io import StringIO
from typing import Any

from model.training.recipe import Recipe
from scripts.lab.tables import Table
from scripts.lab.tuning.result import FinishedTrial, Search
from scripts.lab.wording import NOTHING

COLUMNS = ("trial", "state", "validation_loss", "validation_accuracy", "best_epoch", "epochs_trained", "seconds")


def as_csv(trials: Sequence[FinishedTrial]) -> str:
    """A line a trial: how it ended, and its whole setting."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    lines = [_line(trial) | flat(trial.recipe) for trial in trials]
    writer.writerow(lines[0])
    writer.writerows(line.values() for line in lines)
    return text.getvalue()


def flat(recipe: Recipe) -> dict[str, Any]:
    """A setting by name, the network among it."""
    return {"model": recipe.network, **asdict(recipe.options)}


def setting(result: Search) -> Table:
    """The best setting beside the defaults: what differs."""
    default, best = flat(result.defaults.recipe), flat(result.best.recipe)
    rows = [(name, text(default[name]), text(best[name])) for name in default if default[name] != best[name]]
    return Table("Setting", ("", "defaults", "best"), tuple(rows))


def accuracies(result: Search) -> Table:
    """Each training's share of recognised test images."""
    judged = {"defaults": result.defaults} | ({"best": result.winner} if result.winner else {})
    repeats = len(result.defaults.accuracies)
    rows = [(name, *(f"{100 * share:.1f} %" for share in each.accuracies)) for name, each in judged.items()]
    return Table("Test accuracy", ("", *(f"training {number}" for number in range(1, repeats + 1))), tuple(rows))


def listed(result: Search) -> Table:
    """All trials, the least validation loss first, pruned ones last."""
    changed = [
        name for name in flat(result.defaults.recipe) if len({str(flat(t.recipe)[name]) for t in result.trials}) > 1
    ]
    order = sorted(result.trials, key=lambda trial: (trial.pruned, trial.best.validation_loss if trial.best else 0.0))
    rows = []
    for trial in order:
        line = _line(trial)
        shown = [text(line[name]) for name in ("state", "validation_loss", "validation_accuracy", "epochs_trained")]
        rows.append((str(trial.number), *shown, *(text(flat(trial.recipe)[name]) for name in changed)))
    header = ("trial", "state", "loss", "accuracy", "epochs", *(name.replace("_", " ") for name in changed))
    return Table("Trials", header, tuple(rows))


def text(value: Any) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return NOTHING
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _line(trial: FinishedTrial) -> dict[str, Any]:
    best = trial.best
    state = "pruned" if trial.pruned else "defaults" if trial.is_default else "complete"
    figures = ("", "", "") if best is None else (best.validation_loss, best.validation_accuracy, best.number)
    seconds = round(sum(epoch.seconds for epoch in trial.history), 1)
    return dict(zip(COLUMNS, (trial.number, state, *figures, len(trial.history), seconds), strict=True))
