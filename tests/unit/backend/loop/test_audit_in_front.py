"""What an audit does to versions: its tasks come first, without pre-annotation, and automatic labels are nobody's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.loop import rank
from backend.loop.predictions import unaudited
from backend.services import Services
from backend.settings import Settings
from backend.store.dataset import Dataset
from backend.store.records.autolabeling import AuditedTask, Autolabeling, AutolabelPhase, AutolabelRequest
from backend.store.versions import Version
from tests.unit.backend.loop.conftest import Compare, Make

AUDIT = (50, 41, 45)


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return Services(Settings(model_dir=tmp_path))


def test_audited_tasks_come_first_in_the_order_drawn(data: Dataset, services: Services) -> None:
    queue, _ = rank.run(replace(data, audited=AUDIT), None, services.settings)
    assert queue.task_ids[: len(AUDIT)].tolist() == list(AUDIT)


def test_a_new_audit_calls_for_a_version_of_the_same_head(
    compare: Compare, make: Make, data: Dataset, active: Version
) -> None:
    under_audit = replace(data, audited=AUDIT)
    assert compare(under_audit, active).call_for_version(least_labels=1)
    assert make(under_audit, active).head is active.head


def test_the_end_of_an_audit_calls_for_a_version_too(compare: Compare, make: Make, data: Dataset) -> None:
    under_audit = replace(data, audited=AUDIT)
    active = make(under_audit)
    assert not compare(under_audit, active).call_for_version(least_labels=1)
    assert compare(data, active).call_for_version(least_labels=1)


def test_automatic_annotations_call_for_no_version(compare: Compare, data: Dataset, active: Version) -> None:
    labelled = replace(data, automatic=frozenset({41, 42}))
    assert not compare(labelled, active).call_for_version(least_labels=1)


def test_tasks_that_are_labelled_automatically_are_not_asked_for_and_no_answers(
    data: Dataset, services: Services
) -> None:
    labelled = replace(data, automatic=frozenset({41, 42}))
    queue, _ = rank.run(labelled, None, services.settings)
    assert not set(queue.task_ids.tolist()) & {41, 42}
    assert labelled.answered.sum() == data.answered.sum()


def test_a_task_under_audit_has_nothing_to_predict_from(services: Services) -> None:
    project = services.project(7)
    state = Autolabeling(
        "a",
        AutolabelPhase.AUDITING,
        AutolabelRequest(0.02, 0.95),
        "",
        audit=(AuditedTask(2, "2026-01-01T00:00:00+00:00"),),
    )
    features = {task: np.ones(4) for task in (1, 2)}
    services.autolabelings.save(project, state)
    assert list(unaudited(features, services.autolabelings.audited(project))) == [1]
    services.autolabelings.save(project, replace(state, phase=AutolabelPhase.CANCELLED))
    assert list(unaudited(features, services.autolabelings.audited(project))) == [1, 2]
