"""The queue on a real Redis; what becomes of it when things die is in tests/faults."""

import threading
from collections.abc import Iterator

import pytest
from redis import Redis

from backend.errors import RetryLaterError
from backend.project import Project
from backend.queue.counters import Counters, RunOutcome
from backend.queue.jobs import JobKind
from backend.queue.project_queue import ProjectQueue, connect
from tests.support.waiting import until

URL = "http://label-studio.example"
ONE, TWO = Project(URL, 1), Project(URL, 2)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url) as client:
        yield client


@pytest.fixture
def queue(redis: Redis) -> ProjectQueue:
    return ProjectQueue(redis, URL, lease_seconds=2.0, job_seconds=60)


def test_a_burst_of_500_hints_is_one_job_that_waits(queue: ProjectQueue) -> None:
    for _ in range(500):
        queue.hint(ONE)
    assert queue.depth() == 1
    assert queue.dirty_projects() == [1]


def test_hints_after_the_start_of_a_run_are_one_more_job(queue: ProjectQueue) -> None:
    queue.hint(ONE)
    queue.started(JobKind.RUN, ONE)
    for _ in range(500):
        queue.hint(ONE)
    assert queue.depth() == 2


def test_hints_from_many_threads_are_one_job(queue: ProjectQueue) -> None:
    threads = [threading.Thread(target=queue.hint, args=[ONE]) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert queue.depth() == 1


def test_each_project_has_a_job_of_its_own(queue: ProjectQueue) -> None:
    for project in (ONE, TWO, ONE, TWO):
        queue.hint(project)
    assert (queue.depth(), sorted(queue.dirty_projects())) == (2, [1, 2])


def test_two_label_studios_on_one_redis_do_not_mix(queue: ProjectQueue, redis: Redis) -> None:
    other = ProjectQueue(redis, "http://other.example", lease_seconds=2.0, job_seconds=60)
    queue.hint(ONE)
    assert (other.depth(), other.dirty_projects()) == (0, [])


def test_a_refresh_and_a_run_wait_side_by_side(queue: ProjectQueue) -> None:
    assert queue.enqueue(JobKind.REFRESH, ONE)
    assert queue.enqueue(JobKind.RUN, ONE)
    assert not queue.enqueue(JobKind.REFRESH, ONE)
    assert queue.depth() == 2


def test_a_run_that_takes_up_the_events_clears_the_flag(queue: ProjectQueue) -> None:
    queue.hint(ONE)
    assert queue.dirty_since(ONE) is not None
    queue.clear_dirty(ONE)
    assert queue.dirty_since(ONE) is None


def test_a_lease_is_for_one_at_a_time(queue: ProjectQueue) -> None:
    with queue.lease(ONE, 0) as mine:
        assert mine is not None
        with queue.lease(ONE, 0.1) as second:
            assert second is None
        with queue.lease(TWO, 0) as elsewhere:
            assert elsewhere is not None
        assert queue.busy(ONE)
    assert not queue.busy(ONE)


def test_a_lease_that_comes_free_is_got_by_who_waits(queue: ProjectQueue) -> None:
    got: list[bool] = []

    def wait() -> None:
        with queue.lease(ONE, 5.0) as lease:
            got.append(lease is not None)

    with queue.lease(ONE, 0):
        waiting = threading.Thread(target=wait)
        waiting.start()
    waiting.join()
    assert got == [True]


def test_a_lease_is_lost_when_redis_forgets_everything(queue: ProjectQueue, redis: Redis) -> None:
    with queue.lease(ONE, 0) as lease:
        assert lease is not None
        redis.flushall()
        with pytest.raises(RetryLaterError, match="lease"):
            lease.check()


def test_what_was_lost_with_redis_is_noticed_once(queue: ProjectQueue, redis: Redis) -> None:
    assert queue.forgot()
    assert not queue.forgot()
    redis.flushall()
    assert queue.forgot()


def test_a_job_that_vanished_does_not_block_the_next(queue: ProjectQueue, redis: Redis) -> None:
    queue.enqueue(JobKind.RUN, ONE)
    for key in redis.scan_iter(match="rq:*"):
        redis.delete(key)
    queue.requeue_lost(JobKind.RUN, ONE)
    assert queue.enqueue(JobKind.RUN, ONE)


def test_a_job_that_waits_is_kept(queue: ProjectQueue) -> None:
    queue.enqueue(JobKind.RUN, ONE)
    queue.requeue_lost(JobKind.RUN, ONE)
    assert not queue.enqueue(JobKind.RUN, ONE)


def test_a_postponed_project_waits_and_stays_flagged(queue: ProjectQueue) -> None:
    queue.postpone(ONE, 0.3)
    assert queue.postponed(ONE)
    assert queue.dirty_projects() == [1]
    until(lambda: not queue.postponed(ONE), "the end of the pause")
    assert queue.dirty_projects() == [1]


def test_counters_add_up(queue: ProjectQueue) -> None:
    queue.count(Counters(runs={RunOutcome.PUBLISHED: 1}, seconds={"train": 0.5}, images=3))
    queue.count(Counters(runs={RunOutcome.PUBLISHED: 1}))
    assert queue.counters() == Counters(runs={RunOutcome.PUBLISHED: 2}, seconds={"train": 0.5}, images=3)


def test_a_project_is_quiet_since_somebody_was_last_at_work(queue: ProjectQueue) -> None:
    assert queue.quiet_seconds(ONE) > 1e6
    queue.hint(ONE)
    assert queue.quiet_seconds(ONE) < 5
