"""When a fine-tuning can begin, and when a policy wants one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.finetune import requests
from backend.project import Project
from backend.settings import Settings
from backend.store.finetunings import FinetuningStore
from backend.store.records.finetuning import OPEN, FinetunePhase, FinetuneRequest, Finetuning

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ENDED = [phase for phase in FinetunePhase if phase not in OPEN]
PROJECT = Project("http://label-studio.example", 1)


def state(phase: FinetunePhase, labels: int = 300, hours_ago: float = 1.0) -> Finetuning:
    ended_at = "" if phase in OPEN else (NOW - timedelta(hours=hours_ago)).isoformat()
    return Finetuning("20260601", phase, FinetuneRequest(), "base", labels=labels, ended_at=ended_at)


def is_due(states: list[Finetuning], labels: int, policy: str) -> bool:
    settings = Settings.model_validate({"finetune": policy, "finetune_labels": 200, "finetune_hours": 24})
    return requests.is_due(states, labels, settings, NOW)


@pytest.mark.parametrize("phase", OPEN)
def test_one_is_under_way_at_a_time(phase: FinetunePhase) -> None:
    assert requests.refusal([state(FinetunePhase.ADOPTED), state(phase)]) is not None


@pytest.mark.parametrize("phase", ENDED)
def test_after_its_end_another_can_begin(phase: FinetunePhase) -> None:
    assert requests.refusal([state(phase)]) is None


@pytest.mark.parametrize(("labels", "due"), [(199, False), (200, True)])
@pytest.mark.parametrize("policy", ["doubled", "scheduled"])
def test_the_first_needs_some_labels(labels: int, due: bool, policy: str) -> None:
    assert is_due([], labels, policy) is due


@pytest.mark.parametrize(("labels", "due"), [(599, False), (600, True)])
@pytest.mark.parametrize("phase", [FinetunePhase.ADOPTED, FinetunePhase.REJECTED, FinetunePhase.FAILED])
def test_the_next_needs_twice_the_labels_however_the_last_one_ended(
    phase: FinetunePhase, labels: int, due: bool
) -> None:
    assert is_due([state(phase)], labels, "doubled") is due


@pytest.mark.parametrize(("hours", "labels", "due"), [(23, 400, False), (24, 400, True), (24, 300, False)])
def test_a_schedule_waits_for_its_time_and_for_new_labels(hours: float, labels: int, due: bool) -> None:
    assert is_due([state(FinetunePhase.ADOPTED, hours_ago=hours)], labels, "scheduled") is due


@pytest.mark.parametrize("policy", ["doubled", "scheduled"])
def test_nothing_is_due_while_one_is_under_way(policy: str) -> None:
    assert not is_due([state(FinetunePhase.TRAINING)], 10_000, policy)


def test_never_is_never() -> None:
    assert not is_due([], 10_000, "never")


@pytest.fixture
def store(tmp_path: Path) -> FinetuningStore:
    return FinetuningStore(tmp_path)


def test_what_is_large_is_removed_at_the_end_and_what_people_ask_for_is_kept(store: FinetuningStore) -> None:
    begun = store.begin(PROJECT, FinetuneRequest(options={"epochs": 3}), "base", 9)
    home = store.home(PROJECT, begun)
    (home / "data").mkdir()
    (home / "data" / "images.npy").touch()
    (home / ".data.left-by-a-killed-job").mkdir()
    (home / "network.checkpoint.safetensors").touch()
    store.save(PROJECT, Finetuning(begun.name, FinetunePhase.FAILED, begun.request, "base"))
    assert [path.name for path in home.iterdir()] == ["state.json"]
    (found,) = store.all(PROJECT)
    assert found.ended_at
    assert found.request == FinetuneRequest(options={"epochs": 3})


def test_a_request_that_nobody_took_up_is_cancelled_at_once(store: FinetuningStore) -> None:
    begun = store.begin(PROJECT, FinetuneRequest(), "base", 9)
    store.cancel(PROJECT, begun)
    assert store.open(PROJECT) is None
    assert [each.phase for each in store.all(PROJECT)] == [FinetunePhase.CANCELLED]


def test_the_last_adopted_backbone_is_the_projects(store: FinetuningStore) -> None:
    for number, base in enumerate(["base", "base", "other"]):
        adopted = Finetuning(
            f"2026060{number}", FinetunePhase.ADOPTED, FinetuneRequest(), base, backbone=f"tuned-{number}"
        )
        store.save(PROJECT, adopted)
    assert store.adopted(PROJECT, "base") == "tuned-1"
    store.undo(PROJECT, store.all_adopted(PROJECT, "base")[-1])
    assert store.adopted(PROJECT, "base") == "tuned-0"
    assert store.adopted(PROJECT, "third") is None
