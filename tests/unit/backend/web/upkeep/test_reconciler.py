"""What the reconciler queues, and when it leaves a project alone."""

from pathlib import Path

import pytest

from backend.label_studio.client import ProjectState
from backend.project import Project
from backend.queue.failures import KILLED
from backend.queue.jobs import JobKind
from backend.services import Services
from backend.settings import Settings
from backend.store.finetunings import FinetuningStore
from backend.web.upkeep.reconciler import Reconciler


@pytest.fixture
def services(tmp_path: Path, redis_url: str) -> Services:
    made = Services(Settings(model_dir=tmp_path, label_studio_url="http://127.0.0.1:9", redis_url=redis_url))
    made.migrate()
    return made


def pulled(services: Services, number: int) -> Project:
    """A project as a run leaves it in the mirror."""
    project = services.project(number)
    services.mirror.record_state(project, ProjectState("test", "<View/>", "", "", 0, 0, 0), None)
    return project


def test_at_the_start_every_project_is_polled(services: Services) -> None:
    project = pulled(services, 1)
    Reconciler(services).step()
    assert services.queue.waiting(JobKind.RUN, project)


def test_a_project_that_a_run_has_just_found_is_not_polled_at_once(services: Services) -> None:
    reconciler = Reconciler(services)
    reconciler.step()
    project = pulled(services, 1)
    reconciler.step()
    assert not services.queue.waiting(JobKind.RUN, project)


def test_with_redis_all_projects_lost_their_events(services: Services) -> None:
    reconciler = Reconciler(services)
    reconciler.step()
    project = pulled(services, 1)
    reconciler.step()
    services.queue.redis.flushall()
    reconciler.step()
    assert services.queue.waiting(JobKind.RUN, project)


@pytest.fixture
def settled(services: Services) -> tuple[Reconciler, Project]:
    """A reconciler that polls nothing for now, and a project that nothing is queued for."""
    reconciler = Reconciler(services)
    reconciler.step()
    project = pulled(services, 1)
    reconciler.step()
    return reconciler, project


def test_a_run_that_was_killed_is_taken_up_again(services: Services, settled: tuple[Reconciler, Project]) -> None:
    reconciler, project = settled
    services.queue.begin(project)
    reconciler.step()
    assert services.queue.waiting(JobKind.RUN, project)
    failing = services.queue.failing.of(project)
    assert failing is not None
    assert (failing.times, failing.reason) == (1, KILLED)


def test_a_project_whose_runs_are_killed_each_time_waits(
    services: Services, settled: tuple[Reconciler, Project]
) -> None:
    reconciler, project = settled
    for _ in range(2):
        services.queue.begin(project)
        reconciler.step()
    assert services.queue.postponed(project)


def test_a_project_that_can_not_be_looked_after_keeps_no_other_from_it(
    services: Services, settled: tuple[Reconciler, Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    reconciler, project = settled
    other = pulled(services, 2)
    begun: list[int] = []

    def look(finetunings: FinetuningStore, asked: Project) -> None:
        begun.append(asked.id)
        if asked == project:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(FinetuningStore, "open", look)
    reconciler.step()
    assert begun == [project.id, other.id]


def test_a_run_that_was_postponed_waits(services: Services, settled: tuple[Reconciler, Project]) -> None:
    reconciler, project = settled
    services.queue.postpone(project, seconds=60)
    reconciler.step()
    assert services.queue.depth() == 0


def test_a_project_whose_run_is_at_work_is_left_to_it(services: Services, settled: tuple[Reconciler, Project]) -> None:
    reconciler, project = settled
    services.queue.begin(project)
    with services.queue.lease(project, wait=1.0):
        reconciler.step()
    assert services.queue.depth() == 0


def test_what_a_version_lacks_is_published_once_nobody_labels(
    services: Services, settled: tuple[Reconciler, Project]
) -> None:
    reconciler, project = settled
    services.versions.activate(project, "20260101-000000-000")
    reconciler.step()
    assert services.queue.waiting(JobKind.REFRESH, project)


def test_a_job_that_could_not_go_on_is_left_alone_for_a_while(
    services: Services, settled: tuple[Reconciler, Project]
) -> None:
    reconciler, project = settled
    services.versions.activate(project, "20260101-000000-000")
    services.queue.put_off(JobKind.REFRESH, project)
    reconciler.step()
    assert not services.queue.waiting(JobKind.REFRESH, project)


def test_nothing_is_published_while_somebody_labels(services: Services, settled: tuple[Reconciler, Project]) -> None:
    reconciler, project = settled
    services.versions.activate(project, "20260101-000000-000")
    services.queue.touch(project)
    reconciler.step()
    assert services.queue.depth() == 0
