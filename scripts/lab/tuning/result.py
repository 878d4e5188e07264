"""What a search has come to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from backend import __version__
from model.training.history import Epoch, best_of
from model.training.recipe import Recipe
from scripts.lab.comparison import speed
from scripts.lab.comparison.tables import with_interval
from scripts.lab.comparison.verdict import SIGNIFICANCE
from scripts.lab.tuning.bench import Bench
from scripts.lab.tuning.errors import TuningError
from scripts.lab.tuning.judging import JudgedSetting, chance
from scripts.lab.tuning.study import DEFAULTS, finished
from scripts.lab.tuning.trials import HISTORY


@dataclass(frozen=True)
class FinishedTrial:
    """A trial of the study that is finished.

    Attributes:
        number: in the study; numbers of trials that were cut off are missing.
        recipe: its setting.
        pruned: whether it was given up before its end.
        history: its epochs; none where the first one failed.
        is_default: whether its setting is the network's default.
    """

    number: int
    recipe: Recipe
    pruned: bool
    history: tuple[Epoch, ...]
    is_default: bool

    @classmethod
    def of(cls, trial: FrozenTrial, bench: Bench) -> "FinishedTrial":
        """Read a finished trial."""
        return cls(
            number=trial.number,
            recipe=bench.space.recipe(trial.params),
            pruned=trial.state is TrialState.PRUNED,
            history=tuple(Epoch(**epoch) for epoch in trial.user_attrs.get(HISTORY, ())),
            is_default=DEFAULTS in trial.user_attrs,
        )

    @property
    def best(self) -> Epoch | None:
        """The epoch that counts."""
        return best_of(self.history) if self.history else None


def made(study: Study, bench: Bench) -> list[FinishedTrial]:
    """The finished trials of a study, by number."""
    return [FinishedTrial.of(trial, bench) for trial in finished(study.get_trials(deepcopy=False))]


def best_trial(trials: Sequence[FinishedTrial]) -> FinishedTrial:
    """The whole trial of the least validation loss, of equal ones the first.

    Raises:
        TuningError: none came to its end.
    """
    whole = [trial for trial in trials if not trial.pruned]
    if not whole:
        raise TuningError("No trial came to its end: not even the defaults can be trained on these images.")
    return min(whole, key=lambda trial: best_of(trial.history).validation_loss)


@dataclass(frozen=True, eq=False)
class Search:
    """A search that is over.

    Attributes:
        trials: the finished ones.
        best: the one whose setting is kept.
        defaults: that setting's rival on the test images.
        winner: the best setting there; None where it is the defaults themselves.
        settings: what made it, for a reader; no secret is in it.
    """

    trials: tuple[FinishedTrial, ...]
    best: FinishedTrial
    defaults: JudgedSetting
    winner: JudgedSetting | None
    settings: dict[str, Any]

    @property
    def chance(self) -> float:
        """How likely the two differ so if both were equally good; 1 where they are the same."""
        return 1.0 if self.winner is None else chance(self.winner, self.defaults)

    def verdict(self) -> str:
        """One or two sentences."""
        n = self.defaults.right.shape[1]
        defaults = with_interval(self.defaults.accuracy)
        if self.winner is None:
            return f"No setting is better than the defaults, which recognise {defaults} of {n:,} test images."
        gain = 100 * (self.winner.accuracy.value - self.defaults.accuracy.value)
        said = (
            f"The best setting recognises {with_interval(self.winner.accuracy)} of {n:,} test images, the defaults "
            f"{defaults}: {abs(gain):.1f} points {'more' if gain >= 0 else 'less'}"
        )
        if self.chance < SIGNIFICANCE:
            return f"{said}, beyond chance (p = {self.chance:.2g})."
        return f"{said}. That may be chance (p = {self.chance:.2g}): search longer, or test on more images."

    def about(self) -> dict[str, Any]:
        """Where the best setting comes from, as JSON knows it."""
        judged = {"defaults": self.defaults, "best": self.winner or self.defaults}
        return {
            "trial": self.best.number,
            "validation": asdict(best_of(self.best.history)),
            "test": {name: _test(each) for name, each in judged.items()} | {"p": self.chance},
            "verdict": self.verdict(),
            "search": self.settings,
        }


def settings(study: str, repeats: int, bench: Bench, trials: Sequence[FinishedTrial]) -> dict[str, Any]:
    """What made a search, for a reader.

    Args:
        study: its name.
        repeats: trainings that judge a setting.
        bench: what it was made on.
        trials: the finished ones.
    """
    options = bench.space.start.recipe.options
    return {
        "data": bench.data.name,
        **{name: len(rows) for name, rows in vars(bench.split).items()},
        "near_duplicates": bench.data.near_duplicates,
        "study": study,
        "trials": len(trials),
        "pruned": sum(trial.pruned for trial in trials),
        "epochs": options.epochs,
        "repeats": repeats,
        "seed": options.seed,
        "device": speed.device(),
        "version": __version__,
    }


def _test(judged: JudgedSetting) -> dict[str, Any]:
    return asdict(judged.accuracy) | {"images": judged.right.shape[1], "trainings": judged.accuracies}
