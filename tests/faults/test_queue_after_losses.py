"""The queue's leases and guards, on a real Redis, after somebody died or Redis forgot."""

import time
from collections.abc import Iterator

import pytest
from redis import Redis

from backend.errors import RetryLaterError
from backend.project import Project
from backend.queue.jobs import JobKind
from backend.queue.lease import Lease
from backend.queue.project_queue import ProjectQueue, connect

pytestmark = pytest.mark.faults

PROJECT = Project("http://label-studio.example", 7)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def queue(redis: Redis) -> ProjectQueue:
    return ProjectQueue(redis, PROJECT.url, lease_seconds=2.0, job_seconds=60)


def lease(redis: Redis) -> Lease:
    """A lease that nobody renews before a test's end."""
    return Lease(redis, "project", 60.0)


def test_a_lease_that_ran_out_unnoticed_is_still_ours(redis: Redis) -> None:
    ours = lease(redis)
    ours.take(0)
    redis.delete("project")
    assert ours.held()
    assert not lease(redis).take(0)


def test_a_lease_that_somebody_else_had_since_is_lost(redis: Redis) -> None:
    ours, theirs = lease(redis), lease(redis)
    ours.take(0)
    redis.delete("project")
    assert theirs.take(0)
    with pytest.raises(RetryLaterError, match="lease"):
        ours.check()


def test_a_lease_is_lost_even_when_who_had_it_since_is_done(redis: Redis) -> None:
    ours, theirs = lease(redis), lease(redis)
    ours.take(0)
    redis.delete("project")
    theirs.take(0)
    theirs.release()
    assert not ours.held()


def test_a_lease_is_lost_with_the_data_of_redis(redis: Redis) -> None:
    ours = lease(redis)
    ours.take(0)
    redis.flushall()
    assert not ours.held()


def test_a_lease_that_was_given_back_is_free(redis: Redis) -> None:
    ours = lease(redis)
    ours.take(0)
    ours.release()
    assert lease(redis).take(0)


def test_a_lease_is_renewed_while_it_is_held(queue: ProjectQueue) -> None:
    with queue.lease(PROJECT, 0):
        time.sleep(2.5)
        assert queue.busy(PROJECT)


def test_a_job_that_died_between_queue_and_work_horse_does_not_block_the_next(
    queue: ProjectQueue, redis: Redis
) -> None:
    queue.enqueue(JobKind.RUN, PROJECT)
    (jobs,) = redis.keys("rq:queue:*")
    redis.lpop(jobs)  # As a worker does, which then dies.
    assert not queue.enqueue(JobKind.RUN, PROJECT)
    queue.requeue_lost(JobKind.RUN, PROJECT)
    assert queue.enqueue(JobKind.RUN, PROJECT)


def test_a_job_that_waits_is_not_taken_for_lost(queue: ProjectQueue) -> None:
    queue.enqueue(JobKind.RUN, PROJECT)
    queue.requeue_lost(JobKind.RUN, PROJECT)
    assert not queue.enqueue(JobKind.RUN, PROJECT)
    assert queue.depth() == 1
