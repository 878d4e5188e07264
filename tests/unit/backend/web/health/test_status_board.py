"""What the status board notes of its own checks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from backend.label_studio.client import ProjectState
from backend.project import Project
from backend.queue.watch import Standing
from backend.services import Services
from backend.settings import Settings
from backend.store.overview import Overviews, ProjectOverview
from backend.web.health.status_board import REDIS, StatusBoard


@pytest.fixture
def services(tmp_path: Path) -> Services:
    """With one project."""
    made = Services(
        Settings(model_dir=tmp_path, label_studio_url="http://127.0.0.1:9", redis_url="redis://127.0.0.1:9")
    )
    made.migrate()
    made.mirror.record_state(made.project(1), ProjectState("test", "<View/>", "", "", 0, 0, 0), None)
    return made


@pytest.fixture
def board(services: Services) -> Iterator[StatusBoard]:
    made = StatusBoard(services)
    made.read_projects()
    yield made
    made.leave()


def fail(*_: object) -> None:
    raise OperationalError("select", {}, Exception("database disk image is malformed"))


@pytest.mark.fault("S6")
def test_a_database_that_fails_one_check_is_told_until_that_check_succeeds(
    board: StatusBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Overviews, "read", fail)
        with pytest.raises(OperationalError):
            board.read_stores()
    board.read_projects()
    assert board.status.database.keys() == {"stores"}
    board.read_stores()
    assert board.status.database == {}


@pytest.mark.fault("S6")
def test_a_check_that_fails_each_time_grows_old_and_one_that_succeeds_does_not(
    board: StatusBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Overviews, "read", fail)
    looked = []
    for _ in range(2):
        with pytest.raises(OperationalError):
            board.read_stores()
        board.read_projects()
        looked.append(board.status.looked)
    assert looked[0]["stores"] == looked[1]["stores"]
    assert looked[0]["projects"] < looked[1]["projects"]


def test_tasks_that_take_long_to_count_are_counted_rarely(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    board = StatusBoard(services, lambda: now[0])
    counted: list[float] = []

    def count(*_: object) -> ProjectOverview:
        now[0] += 0.3
        counted.append(now[0])
        return ProjectOverview(tasks=len(counted))

    monkeypatch.setattr(Overviews, "read", count)
    board.read_projects()
    for _ in range(10):
        board.read_stores()
        now[0] += 3.0
    assert len(counted) == 2
    assert board.status.overviews[1].tasks == 2
    board.leave()


def test_a_project_of_another_label_studio_with_the_same_number_is_left_out(
    services: Services, board: StatusBoard
) -> None:
    services.mirror.record_state(
        Project("http://other.example", 1), ProjectState("other", "<View/>", "", "", 0, 0, 0), None
    )
    board.read_projects()
    assert [each.title for each in board.status.projects.values()] == ["test"]


def test_another_project_of_the_same_number_is_counted_anew(services: Services) -> None:
    board = StatusBoard(services, lambda: 0.0)
    board.read_projects()
    board.read_stores()
    before = board.status.overviews
    created = ProjectState("another", "<View/>", "", "", 0, 0, 0, created_at="2026-01-01T00:00:00Z")
    services.mirror.record_state(services.project(1), created, None)
    board.read_projects()
    board.read_stores()
    assert board.status.overviews is not before
    board.leave()


def test_what_redis_said_before_it_was_away_is_not_said_on(board: StatusBoard) -> None:
    board.status = replace(
        board.status, workers=2, standings={1: Standing(75.0, None, leased=False)}, clocks={REDIS: 90.0}
    )
    board.check_surroundings()
    assert board.status.redis is not None
    assert (board.status.workers, board.status.standings, board.status.clocks) == (0, {}, {})
