"""The check of promises itself: it counts rightly, and the projects that it simulates are projects."""

import json
from pathlib import Path

import numpy as np
import pytest

from scripts.cli.commands import run
from scripts.lab.app import app
from scripts.lab.trust import insight, report, worlds
from scripts.lab.trust.errors import TrustError
from scripts.lab.trust.kinds import kind
from scripts.lab.trust.labelling import HOLDOUT_SHARE, label, unlabelled
from scripts.lab.trust.options import KindName, TrustOptions
from scripts.lab.trust.promise import Answer, Promise, tally
from scripts.lab.trust.worlds import World, WorldImages
from tests.unit.model.samples import clouds

CLASSES = 6
PROMISE = Promise("figure", "the figure holds", 0.9)


def small(rng: np.random.Generator) -> World:
    """A world that is simulated in a moment."""
    features, labels = clouds(1_200, CLASSES, width=16, spread=0.4, seed=int(rng.integers(1_000)))
    images, order = WorldImages(features, labels), rng.permutation(1_200)
    return World(
        classes=tuple(f"class {number}" for number in range(CLASSES)),
        project=images.take(order[:500]),
        elsewhere=images.take(order[500:800]),
        more=images.take(order[800:]),
    )


def test_a_promise_that_was_not_given_is_not_counted_as_held() -> None:
    answers = [Answer("figure", held) for held in (True, True, False, None)]
    found = tally(PROMISE, [*answers, Answer("another", True)])
    assert (found.held, found.given, found.projects) == (2, 3, 4)
    assert found.share is not None and found.share.value == pytest.approx(2 / 3)
    assert not found.kept


def test_a_promise_is_kept_from_its_share_on() -> None:
    assert tally(PROMISE, [Answer("figure", number > 0) for number in range(10)]).kept
    assert not tally(PROMISE, [Answer("figure", number > 1) for number in range(11)]).kept


def test_a_promise_that_was_never_given_is_not_kept() -> None:
    found = tally(PROMISE, [Answer("figure", None)])
    assert (found.share, found.kept) == (None, False)
    assert "never given" in report.table([found]).text()


def test_the_table_and_the_file_say_what_was_counted(tmp_path: Path) -> None:
    answers = [Answer("figure", True, {"seed": 1}), Answer("figure", None)]
    found = tally(PROMISE, answers)
    assert "1 of 1 (1 without)" in report.table([found]).text()
    report.write_json([found], answers, {"seed": 0}, tmp_path / "new" / "out.json")
    written = json.loads((tmp_path / "new" / "out.json").read_text())
    assert written["promises"][0]["kept"] is True
    assert [answer["held"] for answer in written["answers"]] == [True, None]


def test_a_drawn_world_has_images_of_every_kind_and_is_drawn_again_from_its_seed() -> None:
    world, again = (worlds.drawn(np.random.default_rng(3)) for _ in range(2))
    assert worlds.LEAST_IMAGES <= len(world.project.labels) <= worlds.MOST_IMAGES
    assert (len(world.elsewhere.labels), len(world.more.labels)) == (worlds.ELSEWHERE, worlds.MORE)
    assert world.project.labels.max() < len(world.classes)
    np.testing.assert_array_equal(world.project.features, again.project.features)


def test_a_world_of_a_file_takes_some_classes_and_leaves_half_of_the_images_out(tmp_path: Path) -> None:
    features, labels = clouds(900, 8, width=40)
    np.savez(tmp_path / "features.npz", X=features, y=np.array([f"name {number}" for number in labels]))
    world = worlds.source(tmp_path / "features.npz")(np.random.default_rng(0))
    assert 5 <= len(world.classes) <= 8
    inside = len(world.project.labels)
    assert inside <= len(world.elsewhere.labels) + len(world.more.labels)
    assert set(np.unique(world.project.labels)) <= set(range(len(world.classes)))


def test_a_file_that_can_not_be_used_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "other.npz", Z=np.zeros(3))
    with pytest.raises(TrustError, match="X "):
        worlds.source(tmp_path / "other.npz")
    assert run(app, "lab", ["trust", "--features", str(tmp_path / "other.npz")]) == 1
    assert "other.npz" in capsys.readouterr().err


def test_a_project_is_labelled_with_its_holdout_and_every_label_of_it_counts() -> None:
    world = small(np.random.default_rng(1))
    labelled = label(unlabelled(world, "p"), world, 100, 50)
    data = labelled.dataset
    assert len(labelled.order) == int(data.labelled.sum()) == len(data.labels) == 100
    assert int(data.counted.sum()) == round(100 * HOLDOUT_SHARE)
    np.testing.assert_array_equal(data.targets[labelled.order], world.project.labels[labelled.order])


def test_labelling_ends_where_the_project_does() -> None:
    world = small(np.random.default_rng(2))
    labelled = label(unlabelled(world, "p"), world, 10_000, 250)
    assert len(labelled.order) == len(world.project.labels)


def test_a_simulated_project_answers_every_promise_with_its_truth() -> None:
    answers = insight.run(small, seed=4)
    assert [answer.promise for answer in answers] == [promise.name for promise in insight.PROMISES]
    accuracy, saved, gain = answers
    assert 0.5 < accuracy.details["true_accuracy"] <= 1.0
    assert accuracy.details["said"]["low"] <= accuracy.details["said"]["high"]
    assert saved.details["true_random_labels"] >= 1
    assert -0.2 < gain.details["true_gain"] < 0.2


@pytest.mark.parametrize("name", KindName)
def test_every_kind_of_promise_is_there(name: KindName) -> None:
    assert all(0 < promise.least <= 1 for promise in kind(name).PROMISES)


def test_kinds_are_checked_once_and_in_their_own_order() -> None:
    assert TrustOptions().chosen == tuple(KindName)
    assert TrustOptions(only=[KindName.AUTOLABEL, KindName.INSIGHT, KindName.AUTOLABEL]).chosen == tuple(KindName)


@pytest.mark.parametrize("wrong", [["--only", "hope"], ["--projects", "0"], ["--features", "nowhere.npz"]])
def test_a_wrong_option_ends_with_2_and_says_where_to_read_more(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, "lab", ["trust", *wrong]) == 2
    assert "See lab trust --help." in capsys.readouterr().err
