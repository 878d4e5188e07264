"""Trials for MLflow: each is a run there, under the search's name."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from backend import __version__, settings
from backend.tracking.delivery import deliver
from backend.tracking.outbox import Outbox, Tracked
from scripts.lab.tuning.bench import Bench
from scripts.lab.tuning.study import finished
from scripts.lab.tuning.trials import HISTORY

TRACKED = "tracked"
"""Attribute of a study: numbers of the trials that were tracked."""

CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "rate")


def track(study: Study, bench: Bench, folder: Path) -> None:
    """Have each finished trial tracked that was not before, unless the backend's settings switch it off.

    Args:
        study: whose trials they are.
        bench: that they were made on.
        folder: where they wait until MLflow has them; where it is away, for the next command.
    """
    values = settings.load()
    if not values.tracking:
        return
    outbox = Outbox(folder)
    already = set(study.user_attrs.get(TRACKED, ()))
    new = [trial for trial in finished(study.get_trials(deepcopy=False)) if trial.number not in already]
    for trial in new:
        outbox.note(_tracked(study.study_name, trial, bench))
    study.set_user_attr(TRACKED, sorted(already | {trial.number for trial in new}))
    values.model_dir.mkdir(parents=True, exist_ok=True)
    deliver(outbox, values.mlflow_tracking_uri, values.model_dir / "mlflow-artifacts")


def _tracked(study: str, trial: FrozenTrial, bench: Bench) -> Tracked:
    recipe = bench.space.recipe(trial.params)
    history = trial.user_attrs.get(HISTORY, ())
    best: Mapping[str, float] = min(history, key=lambda epoch: epoch["validation_loss"], default={})
    pruned = trial.state is TrialState.PRUNED
    started, ended = trial.datetime_start, trial.datetime_complete
    if started is None or ended is None:
        raise ValueError(f"Trial {trial.number} is not finished.")
    return Tracked(
        experiment=f"tuning: {study}",
        name=f"trial {trial.number}",
        kind="trial",
        # Optuna's times are those of the machine's clock on the wall.
        started=started.astimezone(),
        ended=ended.astimezone(),
        settings={"network": recipe.network, **asdict(recipe.options)},
        metrics={name: best[name] for name in CURVES if name.startswith("validation") and best},
        curves={name: [(epoch["number"], epoch[name]) for epoch in history] for name in CURVES},
        tags={"data": bench.data.name, "code": __version__, "pruned": "yes" if pruned else "no"},
        end="KILLED" if pruned else "FINISHED",
    )
