"""The search space: what may change in a recipe, between which bounds."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from model.networks.scratch import CNN_SMALL, cnn_name, read_name
from model.training.options import Augmentation, Optimiser, TrainingOptions
from model.training.recipe import Recipe
from scripts.lab.tuning.start import Start

Value = float | int | str
Values = Mapping[str, Value]
"""A setting: value by the name of a dimension."""

USUAL_RATE = {"adamw": 1.0, "adam": 1.0, "rmsprop": 0.3, "sgd": 100.0}
"""What an optimiser's rate usually is, as a multiple of AdamW's. Without it one range would have to hold all of them,
and most trials would fall where their optimiser learns nothing."""

OPTIONS: dict[str, BaseDistribution] = {
    "optimiser": CategoricalDistribution(get_args(Optimiser)),
    "rate_factor": FloatDistribution(0.1, 10.0, log=True),
    "momentum": FloatDistribution(0.5, 0.98),
    "weight_decay": FloatDistribution(1e-6, 1e-1, log=True),
    "dropout": FloatDistribution(0.0, 0.6),
    "augmentation": CategoricalDistribution(get_args(Augmentation)),
    "batch_size": CategoricalDistribution((16, 32, 64, 128)),
}
"""Of every network. `rate_factor` is on the usual rate of the optimiser; the others are fields of `TrainingOptions`."""

ONLY_WITH = {"momentum": ("optimiser", ("sgd", "rmsprop"))}
"""Dimensions that mean something beside these values of another one alone."""

MOST_HEAD_EPOCHS = 4
LAYERS = {
    "filters_1": (16, 32, 48),
    "filters_2": (32, 64, 96),
    "filters_3": (64, 128, 192),
    "kernel_1": (3, 5),
    "kernel_2": (3, 5),
    "kernel_3": (3, 5),
}
"""Of the three blocks of the small network alone."""


@dataclass(frozen=True)
class Space:
    """What may change in the training of a network.

    Attributes:
        start: the network and its defaults.
        dimensions: distribution by name, in the order in which they are asked for.
    """

    start: Start
    dimensions: Mapping[str, BaseDistribution]

    @classmethod
    def of(cls, start: Start) -> "Space":
        """The space of a network."""
        resolution = {"resolution": CategoricalDistribution(start.sides)} if len(start.sides) > 1 else {}
        return cls(start, {**OPTIONS, **resolution, **_phases(start), **_layers(start)})

    def ask(self, suggest: Callable[[str, BaseDistribution], Value]) -> dict[str, Value]:
        """A setting: a value for each dimension that means something beside the values before it."""
        values: dict[str, Value] = {}
        for name, distribution in self.dimensions.items():
            other, needed = ONLY_WITH.get(name, (None, ()))
            if other is None or values[other] in needed:
                values[name] = suggest(name, distribution)
        return values

    def defaults(self) -> dict[str, Value]:
        """The setting that `recipe` turns into the defaults."""
        recipe = self.start.recipe
        known: dict[str, Any] = vars(recipe.options) | {"rate_factor": 1.0} | _layer_values(recipe.network)
        return self.ask(lambda name, _: known[name])

    def recipe(self, values: Values) -> Recipe:
        """The defaults with these values in place of theirs."""
        default = self.start.recipe
        fields: dict[str, Any] = {name: value for name, value in values.items() if name in vars(default.options)}
        options = replace(default.options, **fields)
        return Recipe(_network(default.network, values), replace(options, rate=_rate(default.options, options, values)))

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, to tell one space from another."""
        return {name: json.loads(distribution_to_json(each)) for name, each in self.dimensions.items()}


def _phases(start: Start) -> dict[str, BaseDistribution]:
    if not start.pretrained:
        return {}
    options = start.recipe.options
    return {
        "head_epochs": IntDistribution(0, min(MOST_HEAD_EPOCHS, options.epochs - 1)),
        "unfrozen_blocks": IntDistribution(0, start.blocks),
        "body_rate": FloatDistribution(0.03, 1.0, log=True),
    }


def _layers(start: Start) -> dict[str, BaseDistribution]:
    own = _layer_values(start.recipe.network)
    return {name: CategoricalDistribution(sorted({*LAYERS[name], value})) for name, value in own.items()}


def _layer_values(network: str) -> dict[str, int]:
    """Filters and kernel sizes of the small network by dimension; none of any other."""
    if not network.startswith(CNN_SMALL):
        return {}
    filters, kernels = read_name(network)
    return dict(zip(LAYERS, (*filters, *kernels), strict=True))


def _network(default: str, values: Values) -> str:
    own = _layer_values(default)
    chosen = {name: int(values[name]) for name in own}
    if chosen == own:
        return default
    numbers = list(chosen.values())
    return cnn_name(numbers[:3], numbers[3:])


def _rate(default: TrainingOptions, options: TrainingOptions, values: Values) -> float:
    usual = default.rate * USUAL_RATE[options.optimiser] / USUAL_RATE[default.optimiser]
    return usual * float(values["rate_factor"])
