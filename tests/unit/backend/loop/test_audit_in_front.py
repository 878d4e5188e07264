"""What an audit does to versions: its tasks come first, without pre-annotation, and automatic labels are nobody's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.loop import rank
from backend.loop.predictions import unaudited
from backend.loop.stopwatch import Stopwatch
from backend.loop.version import Making
from backend.services import Services
from backend.settings import Settings
from backend.store.autolabelings import AuditedTask, Autolabeling, AutolabelPhase, AutolabelRequest
from backend.store.dataset import Dataset
from backend.store.versions import Version
from tests.unit.backend.drawn import drawn

AUDIT = (50, 41, 45)


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return Services(Settings(model_dir=tmp_path))


@pytest.fixture
def data() -> Dataset:
    return drawn(60, 40, 30)


def making(data: Dataset, active: Version | None, services: Services) -> Making:
    return Making(data, active, None, services.settings, Stopwatch(lambda: None))


def test_audited_tasks_come_first_in_the_order_drawn(data: Dataset, services: Services) -> None:
    queue, _ = rank.run(replace(data, audited=AUDIT), None, services.settings)
    assert queue.task_ids[: len(AUDIT)].tolist() == list(AUDIT)


def test_a_new_audit_is_reason_for_a_version_of_the_same_head(data: Dataset, services: Services) -> None:
    active = making(data, None, services).make()
    assert not making(data, active, services).wanted
    under_audit = making(replace(data, audited=AUDIT), active, services)
    assert under_audit.wanted
    assert under_audit.make().head is active.head


def test_the_end_of_an_audit_is_reason_for_a_version_too(data: Dataset, services: Services) -> None:
    active = making(replace(data, audited=AUDIT), None, services).make()
    assert not making(replace(data, audited=AUDIT), active, services).wanted
    assert making(data, active, services).wanted


def test_automatic_annotations_are_no_reason_for_a_version(data: Dataset, services: Services) -> None:
    active = making(data, None, services).make()
    assert not making(replace(data, automatic=frozenset({41, 42})), active, services).wanted


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
