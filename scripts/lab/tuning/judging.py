"""The best setting and the defaults on images that nothing was chosen by."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from model.arrays import BoolArray
from model.errors import CancelledError
from model.head.evaluation import Estimate, wilson
from model.networks.network import Network
from model.networks.registry import build
from model.training.fit import Progress, train
from model.training.history import Epoch
from model.training.predict import logits
from model.training.recipe import Recipe
from scripts.cli.progress import progress
from scripts.lab.comparison.predicting import SLICE
from scripts.lab.comparison.verdict import chance_of
from scripts.lab.interrupts import Interrupted
from scripts.lab.tuning.bench import Bench


@dataclass(frozen=True, eq=False)
class JudgedSetting:
    """A setting, trained several times and applied to the test images.

    Attributes:
        recipe: the setting; each training has another seed than its own, the first one excepted.
        right: (trainings, n) whether the network recognised each test image.
    """

    recipe: Recipe
    right: BoolArray

    @property
    def accuracies(self) -> list[float]:
        """Of each training, in [0, 1]."""
        return [float(share) for share in self.right.mean(axis=1)]

    @property
    def accuracy(self) -> Estimate:
        """Mean of the trainings; the interval is that of a single one on as many images."""
        n = self.right.shape[1]
        return wilson(round(float(self.right.mean()) * n), n)


def judge(
    name: str, recipe: Recipe, bench: Bench, repeats: int, folder: Path, interrupted: Callable[[], bool]
) -> JudgedSetting:
    """Train a setting and test it; what an earlier command finished is not trained again.

    Args:
        name: of the setting, for people.
        recipe: the setting.
        bench: what it is trained and tested on.
        repeats: trainings, each with another seed.
        folder: for the networks.
        interrupted: asked between two steps.

    Raises:
        Interrupted: that said so.
        TrainingError: it can't be trained.
    """
    rows = []
    with progress(f"judging {name}", repeats * recipe.options.epochs, "epoch") as bar:
        for repeat in range(repeats):
            before = repeat * recipe.options.epochs

            def note(epoch: Epoch, _: float, before: int = before) -> None:
                bar.reach(before + epoch.number)

            seeded = replace(recipe, options=replace(recipe.options, seed=recipe.options.seed + repeat))
            network = _trained(seeded, bench, folder / _name(name, seeded, bench), note, interrupted)
            rows.append(_right(network, bench))
    return JudgedSetting(recipe, np.stack(rows))


def chance(best: JudgedSetting, defaults: JudgedSetting) -> float:
    """How likely two settings differ so, or more, on these images if both were equally good; in (0, 1].

    An image counts for the setting that recognised it in more of its trainings.
    """
    ahead = best.right.sum(axis=0) - defaults.right.sum(axis=0)
    return chance_of(int((ahead > 0).sum()), int((ahead < 0).sum()))


def _trained(
    recipe: Recipe, bench: Bench, folder: Path, progress: Progress, interrupted: Callable[[], bool]
) -> Network:
    options = recipe.options
    network = build(recipe.network, bench.data.classes, input_size=options.resolution, seed=options.seed)
    try:
        trained = train(
            network,
            bench.data.images,
            bench.data.targets,
            bench.split,
            options,
            folder=folder,
            progress=progress,
            cancelled=interrupted,
        )
    except (CancelledError, SystemExit) as stopped:
        raise Interrupted from stopped
    return trained.network


def _right(network: Network, bench: Bench) -> BoolArray:
    """Whether it recognises each test image; not all of them are in memory at a time."""
    test = bench.split.test
    slices = np.array_split(test, math.ceil(len(test) / SLICE))
    answers = np.concatenate([logits(network, bench.data.images[rows]).argmax(axis=1) for rows in slices])
    right: BoolArray = answers == bench.data.targets[test]
    return right


def _name(name: str, recipe: Recipe, bench: Bench) -> str:
    """Tells the network to a person, and what made it to us: another setting or other data give another name."""
    key = hashlib.blake2b(json.dumps([recipe.to_json(), bench.fingerprint]).encode(), digest_size=6)
    return f"{name}-{recipe.options.seed}-{key.hexdigest()}"
