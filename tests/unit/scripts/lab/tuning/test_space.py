"""What a search may change, for each kind of network."""

from functools import partial

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import RandomSampler
from optuna.trial import TrialState, create_trial

from scripts.lab.tuning.errors import TuningError
from scripts.lab.tuning.space import Space, Value
from scripts.lab.tuning.start import Start
from tests.unit.scripts.lab.tuning.tuned import MODEL


@pytest.fixture(scope="module")
def small() -> Space:
    return Space.of(Start.of("cnn-small", 4, 0))


@pytest.fixture(scope="module")
def pretrained() -> Space:
    return Space.of(Start.of("efficientnet-lite0", 4, 0))


def drawn(space: Space, number: int) -> dict[str, Value]:
    """A random setting."""
    sampler, study, trial = RandomSampler(seed=number), optuna.create_study(), create_trial(state=TrialState.RUNNING)
    return space.ask(partial(sampler.sample_independent, study, trial))


@pytest.mark.parametrize("which", ["small", "pretrained"])
def test_the_setting_of_the_defaults_makes_the_defaults(which: str, request: pytest.FixtureRequest) -> None:
    space = request.getfixturevalue(which)
    assert space.recipe(space.defaults()) == space.start.recipe


@pytest.mark.parametrize("which", ["small", "pretrained"])
def test_the_defaults_are_within_the_space(which: str, request: pytest.FixtureRequest) -> None:
    space = request.getfixturevalue(which)
    out = [name for name, value in space.defaults().items() if not _holds(space.dimensions[name], value)]
    assert out == []


def _holds(distribution: BaseDistribution, value: Value) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    return bool(distribution.low <= value <= distribution.high)  # type: ignore[attr-defined]


@pytest.mark.parametrize("which", ["small", "pretrained"])
def test_every_setting_makes_a_recipe_that_is_allowed(which: str, request: pytest.FixtureRequest) -> None:
    space = request.getfixturevalue(which)
    recipes = [space.recipe(drawn(space, number)) for number in range(50)]
    assert {recipe.options.resolution for recipe in recipes} == set(space.start.sides)


def test_the_small_network_has_its_filters_and_kernels_in_the_space(small: Space) -> None:
    networks = {small.recipe(drawn(small, number)).network for number in range(20)}
    assert len(networks) > 10
    assert all(name.startswith("cnn-small:") for name in networks)


def test_filters_of_the_networks_name_are_among_those_to_choose_from() -> None:
    space = Space.of(Start.of(MODEL, 2, 0))
    assert 2 in space.dimensions["filters_1"].choices  # type: ignore[attr-defined]
    assert space.recipe(space.defaults()).network == MODEL


def test_blocks_are_unfrozen_in_pretrained_networks_alone(small: Space, pretrained: Space) -> None:
    of_phases = {"unfrozen_blocks", "head_epochs"}
    assert of_phases & small.dimensions.keys() == set()
    assert of_phases <= pretrained.dimensions.keys()
    assert not any(name.startswith(("filters", "kernel")) for name in pretrained.dimensions)


def test_momentum_is_asked_for_where_the_optimiser_has_it(small: Space) -> None:
    with_momentum = {(values["optimiser"], "momentum" in values) for values in (drawn(small, n) for n in range(40))}
    assert with_momentum == {("sgd", True), ("rmsprop", True), ("adam", False), ("adamw", False)}


def test_a_rate_is_a_multiple_of_what_is_usual_for_its_optimiser(small: Space) -> None:
    values = small.defaults() | {"optimiser": "sgd", "momentum": 0.9}
    assert np.isclose(small.recipe(values).options.rate, 100 * small.start.recipe.options.rate)


def test_resolutions_are_at_most_the_networks_own_and_of_whole_patches(small: Space, pretrained: Space) -> None:
    assert small.start.sides == (32, 48, 64)
    assert pretrained.start.sides == (112, 160, 224)


def test_a_network_that_there_is_not_is_named() -> None:
    with pytest.raises(TuningError, match="cnn-huge"):
        Start.of("cnn-huge", 2, 0)


def test_a_frozen_network_is_refused() -> None:
    with pytest.raises(TuningError, match="Tune efficientnet-lite0 instead"):
        Start.of("frozen:efficientnet-lite0", 2, 0)
