"""The work on a study: trial after trial, beside any number of others who do the same, until it has enough."""

import time
from collections.abc import Callable

from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import TrialState

from scripts.lab.interrupts import Interrupted
from scripts.lab.tuning import liveness, trials
from scripts.lab.tuning.bench import Bench
from scripts.lab.tuning.study import finished, place_of, put_back, sampler

LOOK_SECONDS = 0.5


def until_enough(
    study: Study,
    bench: Bench,
    total: int,
    interrupted: Callable[[], bool],
    refresh: Callable[[], object] = lambda: None,
) -> None:
    """Make trials until the study has so many, those of others and of earlier commands included.

    Trials that were cut off are made again, with the same setting: those of others are waited for, in case they are.

    Args:
        study: to work on.
        bench: what trials are made on.
        total: trials that the study is to have.
        interrupted: asked between two steps.
        refresh: called after each trial.

    Raises:
        Interrupted: `interrupted` said so; the present trial is put back.
    """
    watch = liveness.Watch()
    while True:
        known = study.get_trials(deepcopy=False)
        for each in watch.cut_off(known):
            put_back(study, each)
        if len(finished(known)) >= total:
            return
        if interrupted():
            raise Interrupted
        if sum(trial.state is TrialState.RUNNING for trial in known) + len(finished(known)) < total:
            _one(study, bench, total, interrupted)
            refresh()
        else:
            time.sleep(LOOK_SECONDS)


def _one(study: Study, bench: Bench, total: int, interrupted: Callable[[], bool]) -> None:
    trial = study.ask()
    place = place_of(trial.number, study.get_trials(deepcopy=False))
    if place >= total:
        # Two workers took the last place at the same time.
        study.tell(trial, state=TrialState.FAIL)
        return
    study.sampler = sampler(bench.space.start.recipe.options.seed, place)
    try:
        with liveness.signs_of_life(trial):
            ended = trials.make(trial, bench, interrupted)
        trials.finish(study, trial, ended)
    except UpdateFinishedTrialError:
        # Taken for cut off, and made again by somebody else.
        return
    except KeyboardInterrupt:
        put_back(study, trial)
        raise
