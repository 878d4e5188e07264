"""Jobs as RQ keeps them: found by the names that their functions have, and by those that they had."""

import pytest
from rq.utils import import_attribute

from backend.project import Project
from backend.queue.jobs import FORMER_NAMES, JobKind, QueuedJob
from backend.queue.project_queue import ProjectQueue, connect

pytestmark = pytest.mark.integration

PROJECT = Project("http://label-studio.example", 1)


@pytest.mark.parametrize("kind", JobKind)
def test_a_job_is_found_by_the_name_of_its_function(kind: JobKind, redis_url: str) -> None:
    with connect(redis_url) as redis:
        queue = ProjectQueue(redis, PROJECT.url, lease_seconds=2.0, job_seconds=60)
        queue.enqueue(kind, PROJECT)
        (waiting,) = queue.queues[kind].jobs
        assert waiting.func is import_attribute(kind.function)


@pytest.mark.parametrize(("former", "kind"), FORMER_NAMES.items())
def test_a_job_that_waits_under_a_former_name_is_found(former: str, kind: JobKind, redis_url: str) -> None:
    with connect(redis_url) as redis:
        queue = ProjectQueue(redis, PROJECT.url, lease_seconds=2.0, job_seconds=60)
        queue.queues[kind].enqueue(former, PROJECT.id, job_id="waits")
        waiting = QueuedJob.fetch("waits", connection=redis)
        assert waiting.func is import_attribute(kind.function)
