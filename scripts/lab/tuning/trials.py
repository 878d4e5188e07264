"""One trial: a setting is drawn, a network trained with it and judged on the validation images."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import cast

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.study import Study
from optuna.trial import Trial, TrialState

from model.errors import CancelledError, TrainingError
from model.networks.registry import build
from model.training.fit import train
from model.training.history import Epoch, best_of
from model.training.recipe import Recipe
from scripts.lab.interrupts import Interrupted
from scripts.lab.tuning.bench import Bench
from scripts.lab.tuning.space import Value

HISTORY, REASON = "history", "reason"
"""Attributes of a finished trial: its epochs, and why it was given up where it was."""
PRUNED = "worse than half of the trials before it"


@dataclass(frozen=True)
class EndedTrial:
    """A trial that has ended.

    Attributes:
        recipe: what was trained and how.
        history: its epochs, in order.
        reason: why it was given up before its end; None where it wasn't.
    """

    recipe: Recipe
    history: tuple[Epoch, ...]
    reason: str | None


def make(trial: Trial, bench: Bench, interrupted: Callable[[], bool]) -> EndedTrial:
    """Train a network with a setting of the study's choice; it ends early where it has no prospects.

    Args:
        trial: that was asked for; it is told each epoch's validation loss.
        bench: what it is made on.
        interrupted: asked between two steps.

    Raises:
        Interrupted: that said so.
        UpdateFinishedTrialError: somebody else took the trial for cut off.
    """
    recipe = bench.space.recipe(bench.space.ask(partial(_suggest, trial)))
    history: list[Epoch] = []
    hopeless = False

    def progress(epoch: Epoch, _: float) -> None:
        nonlocal hopeless
        history.append(epoch)
        trial.report(epoch.validation_loss, epoch.number)
        hopeless = trial.should_prune()

    try:
        network = build(
            recipe.network, bench.data.classes, input_size=recipe.options.resolution, seed=recipe.options.seed
        )
        train(
            network,
            bench.data.images,
            bench.data.targets,
            bench.split,
            recipe.options,
            progress=progress,
            cancelled=lambda: hopeless or interrupted(),
        )
    except TrainingError as problem:
        return EndedTrial(recipe, tuple(history), str(problem))
    # Lightning answers SIGTERM, and Ctrl-C pressed twice, by a SystemExit that says nothing.
    except (CancelledError, SystemExit) as stopped:
        if not hopeless:
            raise Interrupted from stopped
        return EndedTrial(recipe, tuple(history), PRUNED)
    return EndedTrial(recipe, tuple(history), None)


def finish(study: Study, trial: Trial, ended: EndedTrial) -> None:
    """Keep what a trial has come to."""
    trial.set_user_attr(HISTORY, [asdict(epoch) for epoch in ended.history])
    if ended.reason is None:
        study.tell(trial, best_of(ended.history).validation_loss)
    else:
        trial.set_user_attr(REASON, ended.reason)
        study.tell(trial, state=TrialState.PRUNED)


def _suggest(trial: Trial, name: str, distribution: BaseDistribution) -> Value:
    match distribution:
        case CategoricalDistribution(choices=choices):
            return cast("Value", trial.suggest_categorical(name, choices))
        case IntDistribution(low=low, high=high):
            return trial.suggest_int(name, low, high)
        case FloatDistribution(low=low, high=high, log=log):
            return trial.suggest_float(name, low, high, log=log)
    raise TypeError(f"{name} has a distribution that is not asked for here: {distribution}.")
