"""What every RQ job gets, and what becomes of one that meets an outage."""

from collections.abc import Iterator

import pytest
import structlog
from redis.exceptions import ConnectionError as RedisConnectionError

from backend import settings
from backend.errors import OperatorError, RetryLaterError
from backend.job import project_job
from backend.project import Project
from backend.queue.jobs import JobKind
from backend.queue.lease import LeaseKind
from backend.queue.project_queue import ProjectQueue, connect
from backend.settings import Settings

URL = "http://label-studio.example"
PROJECT = Project(URL, 7)


@pytest.fixture
def queue(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProjectQueue]:
    """The queue of the installation whose settings the jobs find in the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("LABEL_STUDIO_URL", URL)
    monkeypatch.setenv("REDIS_URL", redis_url)
    settings.load.cache_clear()
    with connect(redis_url) as redis:
        yield ProjectQueue(redis, URL, lease_seconds=2.0, job_seconds=60)
    settings.load.cache_clear()


def test_a_job_that_began_lets_the_next_be_queued(queue: ProjectQueue) -> None:
    queue.enqueue(JobKind.RUN, PROJECT)
    with project_job(JobKind.RUN, PROJECT.id) as job:
        assert job.project == PROJECT
        assert queue.enqueue(JobKind.RUN, PROJECT)


def test_a_chunk_that_begins_hides_no_other_that_is_worked_on(queue: ProjectQueue) -> None:
    with queue.chunk(PROJECT), project_job(JobKind.CHUNK, PROJECT.id):
        assert queue.embedding(PROJECT)


@pytest.mark.parametrize("outage", [RetryLaterError("Label Studio is away."), RedisConnectionError("Redis is away.")])
def test_a_job_that_meets_an_outage_ends_without_a_failure(queue: ProjectQueue, outage: Exception) -> None:
    with project_job(JobKind.AUTOLABEL, PROJECT.id):
        raise outage


def test_what_only_a_person_can_mend_fails_the_job(queue: ProjectQueue) -> None:
    with pytest.raises(OperatorError), project_job(JobKind.RUN, PROJECT.id):
        raise OperatorError("The token is wrong.")


def test_lines_of_a_job_say_whose_they_are_and_later_ones_do_not(queue: ProjectQueue) -> None:
    with project_job(JobKind.REFRESH, PROJECT.id):
        bound = structlog.contextvars.get_contextvars()
    assert (bound["project"], bound["job"]) == (PROJECT.id, "refresh")
    assert not structlog.contextvars.get_contextvars()


def test_a_project_that_another_job_has_is_not_leased(queue: ProjectQueue) -> None:
    with queue.lease(PROJECT, 0), project_job(JobKind.REFRESH, PROJECT.id) as job:
        with job.lease(0) as lease:
            assert lease is None
        with job.lease(0, LeaseKind.FINETUNING) as other:
            assert other is not None
