"""Auto-labellings on disk."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend.project import Project
from backend.store.autolabelings import AutolabelingStore
from backend.store.records.autolabeling import (
    AuditedTask,
    AutolabelAction,
    Autolabeling,
    AutolabelPhase,
    AutolabelRequest,
    Candidate,
)

ONE, OTHER = Project("http://one.example", 7), Project("http://other.example", 7)
PROMISED = AutolabelRequest(max_error=0.02, confidence=0.95)
STATE = Autolabeling(
    "20260101-000000-000-aa", AutolabelPhase.AUDITING, PROMISED, "Said.", attempt=1, size=4, classes=("cat", "dög")
)
SET = [Candidate(task, "cat", 0.9 + task / 100) for task in (1, 2, 3, 4)]
AT = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def store(tmp_path: Path) -> AutolabelingStore:
    return AutolabelingStore(tmp_path)


def test_what_was_saved_comes_back(store: AutolabelingStore) -> None:
    state = replace(STATE, audit=(AuditedTask(2, AT),), left_out=(3,))
    store.save(ONE, state)
    assert store.all(ONE) == [state]
    assert store.newest(OTHER) is None


def test_a_project_without_auto_labelling_has_no_work_and_no_folder(store: AutolabelingStore, tmp_path: Path) -> None:
    assert not store.has_work(ONE)
    assert (store.all(ONE), store.audited(ONE), store.in_writing(ONE)) == ([], (), set())
    assert list(tmp_path.iterdir()) == []


def test_a_command_is_work_until_it_is_carried_out(store: AutolabelingStore) -> None:
    first, second = (
        store.add_command(ONE, AutolabelAction.PROPOSE, PROMISED),
        store.add_command(ONE, AutolabelAction.UNDO, AutolabelRequest()),
    )
    assert store.commands(ONE) == sorted([first, second], key=lambda each: each.name)
    for command in (first, second):
        assert store.has_work(ONE)
        store.remove_command(ONE, command)
        store.remove_command(ONE, command)
    assert not store.has_work(ONE)


@pytest.mark.parametrize("phase", AutolabelPhase)
def test_writing_that_was_cut_off_is_work(store: AutolabelingStore, phase: AutolabelPhase) -> None:
    store.save_set(ONE, STATE.name, 1, SET)
    store.save(ONE, replace(STATE, phase=phase))
    assert store.has_work(ONE) == (phase in (AutolabelPhase.APPLYING, AutolabelPhase.UNDOING))
    store.save(ONE, replace(STATE, phase=phase, problem="Something is missing."))
    assert not store.has_work(ONE)


@pytest.mark.parametrize("phase", AutolabelPhase)
def test_only_an_audit_that_is_under_way_asks_for_tasks(store: AutolabelingStore, phase: AutolabelPhase) -> None:
    store.save(ONE, replace(STATE, phase=phase, audit=(AuditedTask(3, AT), AuditedTask(1, AT))))
    assert store.audited(ONE) == ((3, 1) if phase is AutolabelPhase.AUDITING else ())


def test_people_keep_the_audit_and_what_they_had_begun_and_the_rest_is_to_be_labelled(store: AutolabelingStore) -> None:
    state = replace(STATE, phase=AutolabelPhase.APPLYING, audit=(AuditedTask(2, AT),), left_out=(3,))
    store.save_set(ONE, state.name, 1, SET)
    store.save(ONE, state)
    assert [each.task for each in store.to_label(ONE, state)] == [1, 4]
    assert store.in_writing(ONE) == {1, 4}


def test_a_write_that_was_cut_off_leaves_nothing_that_is_read(store: AutolabelingStore, tmp_path: Path) -> None:
    store.save(ONE, STATE)
    (tmp_path / ONE.key / STATE.name / ".state.json.0a").write_text("{")
    (tmp_path / ONE.key / "orders").mkdir()
    (tmp_path / ONE.key / "orders" / ".x.json.0a").write_text("{")
    assert store.all(ONE) == [STATE]
    assert not store.has_work(ONE)


def test_a_certificate_is_kept_by_its_name(store: AutolabelingStore) -> None:
    assert store.certificate(ONE, STATE.name) is None
    store.save_certificate(ONE, STATE.name, {"name": STATE.name, "tasks": [[1, "dög"]]})
    assert store.certificate(ONE, STATE.name) == {"name": STATE.name, "tasks": [[1, "dög"]]}
