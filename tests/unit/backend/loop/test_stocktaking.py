"""Whether Label Studio holds what we published is asked cheaply, and looked into only where the counts say no."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from backend.label_studio.client import ProjectState, StoredPrediction
from backend.loop import stocktaking
from backend.project import Project
from backend.services import ProjectContext, Services
from backend.store import database
from backend.store.mirror import Mirror
from backend.store.records.mirror import PulledTask
from backend.store.versions import Version, VersionStore
from tests.support.records import version_record
from tests.unit.backend.store.test_pulled import LONG_AGO

PROJECT = Project("http://label-studio.example", 7)
TASKS = (1, 2, 3)
ACTIVE = Version("20260101-000000-000", None, np.array(TASKS), np.array([0.0, 0.5, 1.0]), version_record())


@dataclass
class Holding:
    """A Label Studio that holds predictions of these tasks, and counts how often they are listed."""

    tasks: list[int] = field(default_factory=lambda: list(TASKS))
    listed: int = 0

    def prediction_counts(self, _: int) -> dict[str, int]:
        return dict(Counter(each.model_version for each in self._all()))

    def predictions(self, _: int) -> list[StoredPrediction]:
        self.listed += 1
        return self._all()

    def _all(self) -> list[StoredPrediction]:
        return [StoredPrediction(number, task, ACTIVE.name, False) for number, task in enumerate(self.tasks)]


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    url = f"sqlite:///{tmp_path / 'mirror.sqlite3'}"
    engine = database.connect(url)
    database.migrate(url, tmp_path / "lock")
    made = Mirror(engine)
    made.record_state(PROJECT, ProjectState("x", "", "", "", 0, 0, 0), None)
    made.apply(PROJECT, [PulledTask(task, "a.png", LONG_AGO, LONG_AGO, ()) for task in TASKS])
    made.record_importing(PROJECT, TASKS)
    made.record_published(PROJECT, TASKS, ACTIVE.name)
    VersionStore(engine, tmp_path / "versions").save(PROJECT, ACTIVE)
    yield made
    engine.dispose()


def take_stock(mirror: Mirror, tmp_path: Path, holding: Holding) -> bool:
    versions = VersionStore(mirror._engine, tmp_path / "versions")
    services = SimpleNamespace(mirror=mirror, versions=versions, label_studio=holding)
    return stocktaking.run(ProjectContext(PROJECT, cast(Services, services)), ACTIVE)


def test_what_is_as_it_was_published_is_not_listed(mirror: Mirror, tmp_path: Path) -> None:
    holding = Holding()
    assert not take_stock(mirror, tmp_path, holding)
    assert holding.listed == 0


@pytest.mark.fault("R16")
def test_a_task_with_two_predictions_of_the_active_version_is_looked_into_once(mirror: Mirror, tmp_path: Path) -> None:
    holding = Holding([*TASKS, TASKS[0]])
    for _ in range(3):
        assert not take_stock(mirror, tmp_path, holding)
    assert holding.listed == 1


@pytest.mark.fault("R14")
def test_a_prediction_that_is_gone_is_noticed_beside_one_too_many(mirror: Mirror, tmp_path: Path) -> None:
    holding = Holding([*TASKS, TASKS[0]])
    take_stock(mirror, tmp_path, holding)
    holding.tasks.remove(TASKS[2])
    assert take_stock(mirror, tmp_path, holding)
