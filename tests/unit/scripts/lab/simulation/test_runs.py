"""A replayed run: each task once, the same for the same seed, stages of the loop and peers alike."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.rank.registry import NAMES
from scripts.lab.simulation import curve, peers
from scripts.lab.simulation.replay import RunOptions, SimulationSettings, cycles
from tests.unit.scripts.lab.simulation.simulated import run_options, split_of

SPLIT = split_of()


@settings(max_examples=30, deadline=None)
@given(
    strategy=st.sampled_from(NAMES),
    seed=st.integers(0, 3),
    batch=st.integers(1, 40),
    budget=st.integers(1, 72),
    holdout=st.sampled_from([0.0, 0.1, 1.0]),
)
def test_no_task_is_labelled_twice_and_the_budget_is_kept(
    strategy: str, seed: int, batch: int, budget: int, holdout: float
) -> None:
    options = run_options(strategy, seed=seed, batch=max(batch, budget // 4), budget=budget, random_arm=holdout)
    asked = np.concatenate([cycle.tasks for cycle in cycles(SPLIT, options)])
    assert len(asked) == len(set(asked.tolist())) == budget


@pytest.mark.parametrize("name", peers.NAMES)
def test_a_peer_asks_for_each_task_once_to_the_last(name: str) -> None:
    options = run_options(name, batch=24, budget=72)
    asked = np.concatenate([cycle.tasks for cycle in cycles(SPLIT, options)])
    assert sorted(asked.tolist()) == list(range(1, 73))


@pytest.mark.parametrize("strategy", ["auto", "random", "skactiveml:margin", "skactiveml:typiclust"])
def test_the_same_seed_gives_the_same_curve(strategy: str) -> None:
    assert without_seconds(run_options(strategy)) == without_seconds(run_options(strategy))


def without_seconds(options: RunOptions) -> list[curve.CurvePoint]:
    return [
        replace(point, seconds=0.0, rank_seconds=0.0, serve_seconds=0.0)
        for point in curve.run(SPLIT, options, lambda _: None)
    ]


def test_another_seed_gives_another_random_order() -> None:
    first, other = (next(iter(cycles(SPLIT, run_options("random", seed=seed)))) for seed in (0, 1))
    assert set(first.tasks.tolist()) != set(other.tasks.tolist())


def test_labels_are_those_of_the_split() -> None:
    *_, last = cycles(SPLIT, run_options())
    rows = last.dataset.task_ids[last.dataset.labelled] - 1
    assert np.array_equal(last.dataset.targets[rows], SPLIT.targets[rows])
    assert {label.choice for label in last.dataset.labels.values()} <= set(SPLIT.classes)


def test_a_random_holdout_gets_its_share_and_all_of_it_counts() -> None:
    *_, last = cycles(SPLIT, run_options(random_arm=0.2, budget=40))
    assert int((last.dataset.labelled & last.dataset.in_holdout).sum()) == 8
    assert int(last.dataset.counted.sum()) == 8


def test_before_two_classes_have_a_label_nothing_is_measured() -> None:
    first = curve.run(SPLIT, run_options("random", batch=1, budget=1), lambda _: None)[0]
    assert (first.accuracy, first.ece, first.classes_seen) == (None, None, 1)


def test_measurements_are_as_far_apart_as_asked_and_at_the_end() -> None:
    points = curve.run(SPLIT, run_options(batch=5, budget=35, evaluate_every=20), lambda _: None)
    assert [point.labels for point in points] == [5, 25, 35]


def test_a_run_stops_at_its_accuracy_and_tells_each_batch() -> None:
    told: list[int] = []
    points = curve.run(SPLIT, run_options(budget=70, stop_at=0.5), told.append)
    assert points[-1].accuracy is not None
    assert points[-1].accuracy >= 0.5
    assert told == [point.labels for point in points]
    assert points[-1].labels < 70


def test_the_environment_changes_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDOUT_SHARE", "0.7")
    monkeypatch.setenv("STRATEGY", "no such strategy")
    assert SimulationSettings().holdout_share == SimulationSettings.model_fields["holdout_share"].default
