"""When the reconciler has a project pulled that no event told of."""

from pathlib import Path

import pytest

from backend.label_studio.client import ProjectState
from backend.project import Project
from backend.queue.jobs import JobKind
from backend.services import Services
from backend.settings import Settings
from backend.web.reconciler import Reconciler


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
