"""What is read of the queue to tell how it is doing."""

import pytest
from redis.exceptions import RedisError

from backend import __version__
from backend.project import Project
from backend.queue.keys import SignOfLife
from backend.queue.project_queue import ProjectQueue, connect
from backend.queue.watch import OLDER

URL = "http://label-studio"
ONE = Project(URL, 1)

pytestmark = pytest.mark.fault("S6")


@pytest.fixture
def queue(redis_url: str) -> ProjectQueue:
    return ProjectQueue(connect(redis_url), URL, lease_seconds=10.0, job_seconds=900)


def test_what_waits_is_as_old_as_the_first_change_that_no_run_took_up(queue: ProjectQueue) -> None:
    queue.hint(ONE)
    queue.redis.hset(queue.keys.of("waiting-since"), "1", "1000.0")
    queue.hint(ONE)
    standing = queue.watch.standings()[1]
    assert standing.waiting is not None and standing.waiting > 1e9
    assert (standing.running, standing.leased) == (None, False)
    queue.clear_dirty(ONE)
    assert queue.watch.standings() == {}


def test_a_run_under_way_is_seen_with_its_lease(queue: ProjectQueue) -> None:
    queue.begin(ONE)
    with queue.lease(ONE, 0):
        standing = queue.watch.standings()[1]
    assert (standing.waiting, standing.leased) == (None, True)
    assert standing.running is not None and standing.running < 60.0


def test_releases_of_living_workers_are_known(queue: ProjectQueue) -> None:
    for name, release in (("new", __version__), ("old", None)):
        queue.redis.set(queue.keys.sign_of_life(SignOfLife.LOOP, name), "loop")
        if release:
            queue.redis.set(queue.keys.release(name), release)
    assert queue.watch.releases() == {__version__, OLDER}
    assert queue.workers() == 2


def test_a_redis_that_takes_no_writes_is_found_out(queue: ProjectQueue) -> None:
    queue.watch.check_writes()
    queue.redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(RedisError, match="maxmemory"):
            queue.watch.check_writes()
        assert not queue.watch.may_forget()
        queue.redis.config_set("maxmemory-policy", "allkeys-lru")
        assert queue.watch.may_forget()
    finally:
        queue.redis.config_set("maxmemory-policy", "noeviction")
        queue.redis.config_set("maxmemory", "0")
