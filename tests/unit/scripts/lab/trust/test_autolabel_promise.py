"""Auto-labelling in a simulated project."""

import numpy as np
import pytest

from scripts.lab.trust import autolabel
from scripts.lab.trust.autolabel import ALLOWED, NAME, automate
from scripts.lab.trust.labelling import LabelledWorld, label, unlabelled
from scripts.lab.trust.worlds import World, WorldImages


@pytest.fixture(scope="module")
def easy() -> World:
    """Four classes that nobody can mistake."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 1_200)
    features = (rng.gamma(1.0, size=(1_200, 32)) + 20 * np.eye(4, 32)[labels]).astype(np.float16)
    images = WorldImages(features, labels)
    nothing = images.take(np.arange(0))
    return World(tuple("abcd"), images, nothing, nothing)


@pytest.fixture(scope="module")
def labelled(easy: World) -> LabelledWorld:
    return label(unlabelled(easy, "easy"), easy, count=120, batch=60)


def test_what_is_certain_is_labelled_but_for_the_audit_and_the_holdout(easy: World, labelled: LabelledWorld) -> None:
    done = automate(labelled, easy.project.labels, seed=0)
    assert done.verdict is not None and done.verdict.holds
    assert done.error == 0
    assert not labelled.dataset.in_holdout[done.rest].any() and labelled.dataset.pool[done.rest].all()
    assert len(done.rest) > done.unlabelled / 2


def test_labels_by_chance_are_never_certified(easy: World, labelled: LabelledWorld) -> None:
    by_chance = np.random.default_rng(1).integers(0, 4, 1_200)
    done = automate(labelled, by_chance, seed=0)
    assert done.error is None and not len(done.rest)
    assert done.verdict is not None and not done.verdict.holds
    assert done.audited < 20


def test_a_project_answers_for_the_promise_with_what_it_found(easy: World) -> None:
    (answer,) = autolabel.run(lambda _: easy, seed=3)
    assert answer.promise == NAME
    assert answer.held is (answer.details["error"] <= ALLOWED.max_error)
    assert answer.details["share_of_rest"] > 0.5
