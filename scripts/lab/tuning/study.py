"""A study: its trials in a storage, opened by whoever works on it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.trial import BaseTrial, FrozenTrial, TrialState

from scripts.lab.tuning.errors import TuningError
from scripts.lab.tuning.space import Space

MADE_OF = "made of"
"""Attribute of a study: what all of its trials have in common."""
DEFAULTS = "defaults"
"""Attribute of the trial whose setting the network has by default."""

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
FIRST_WHOLE = 4
"""Trials that are never pruned, so that there is something to compare with."""
FIRST_EPOCHS = 2
"""Epochs of each trial that are never pruned: what a training is worth shows later."""
FIRST_RANDOM = 10
"""Trials that are drawn at random, the defaults among them, before the search follows the better ones."""


def open_study(storage: BaseStorage, name: str, made_of: Mapping[str, Any], space: Space) -> Study:
    """The study of this name, made with the defaults as its first trial where there is none.

    Args:
        storage: that it is kept in.
        name: of the study.
        made_of: what trials must have in common to be compared, as JSON knows it.
        space: of its settings.

    Raises:
        TuningError: there is such a study of something else.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        direction="minimize",
        load_if_exists=True,
        pruner=MedianPruner(n_startup_trials=FIRST_WHOLE, n_warmup_steps=FIRST_EPOCHS),
    )
    kept, wanted = study.user_attrs.get(MADE_OF), json.loads(json.dumps(made_of))
    trials = study.get_trials(deepcopy=False)
    if kept is None and not trials:
        study.set_user_attr(MADE_OF, wanted)
    elif kept != wanted:
        raise TuningError(_refusal(name, kept or {}, wanted))
    if not any(DEFAULTS in trial.user_attrs and trial.state is not TrialState.FAIL for trial in trials):
        study.enqueue_trial(space.defaults(), user_attrs={DEFAULTS: True})
    return study


def sampler(seed: int, place: int) -> TPESampler:
    """What draws the setting of the trial at a place in the study, in the same way after a kill as without it.

    Each dimension by itself: a setting is drawn bit by bit, after the trial has got its place.
    """
    drawn = int(np.random.SeedSequence([seed, place]).generate_state(1)[0])
    return TPESampler(n_startup_trials=FIRST_RANDOM, multivariate=False, seed=drawn)


def finished(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Those that came to their end or were pruned, by number."""
    return [trial for trial in trials if trial.state in FINISHED]


def place_of(number: int, trials: Sequence[FrozenTrial]) -> int:
    """How many trials come before one, those that were cut off not counted: they were made again."""
    return sum(trial.number < number and trial.state is not TrialState.FAIL for trial in trials)


def put_back(study: Study, trial: BaseTrial) -> None:
    """Give up a trial that was cut off, and have its setting tried again."""
    try:
        study.tell(trial.number, state=TrialState.FAIL)
    # Another worker saw it, too, and was faster.
    except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
        return
    marks = {DEFAULTS: True} if DEFAULTS in trial.user_attrs else None
    study.enqueue_trial(trial.params, user_attrs=marks)


def _refusal(name: str, kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    differing = [key for key in wanted if kept.get(key) != wanted[key]]
    said = ", ".join(
        f"{key} {kept[key]} (now {wanted[key]})" if isinstance(kept.get(key), str | int) else key for key in differing
    )
    return (
        f"The study {name!r} in this storage was made of something else: {said}. Give the same as before, or another "
        "name with --study."
    )
