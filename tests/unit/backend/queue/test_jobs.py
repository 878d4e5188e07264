"""Jobs as RQ keeps them: what is called is ours, whatever somebody else wrote to Redis."""

import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer, PickleSerializer
from rq.utils import import_attribute

from backend.project import Project
from backend.queue.jobs import LOOP, JobKind, QueuedJob, drop_former_queues
from backend.queue.keys import SignOfLife
from backend.queue.project_queue import ProjectQueue, connect
from backend.queue.workers import LoopWorker, make_worker

PROJECT = Project("http://label-studio.example", 1)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url) as connection:
        yield connection


@pytest.fixture
def queue(redis: Redis) -> ProjectQueue:
    return ProjectQueue(redis, PROJECT.url, lease_seconds=2.0, job_seconds=60)


def work_off(queue: ProjectQueue) -> None:
    """Have a worker take all jobs that wait, as the worker's process does."""
    make_worker(LoopWorker, queue, LOOP, SignOfLife.LOOP, "loop").work(burst=True, logging_level="CRITICAL")


@pytest.mark.parametrize("kind", JobKind)
def test_a_job_is_found_by_the_name_of_its_function(kind: JobKind, queue: ProjectQueue) -> None:
    queue.enqueue(kind, PROJECT)
    (waiting,) = queue.queues[kind].jobs
    assert waiting.func is import_attribute(kind.function)


class MakesFolder:
    """Unpickling it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.fault("S9")
@pytest.mark.parametrize("field", ["data", "meta", "result"])
def test_a_pickle_is_not_read(field: str, queue: ProjectQueue, redis: Redis, tmp_path: Path) -> None:
    queue.enqueue(JobKind.RUN, PROJECT)
    (waiting,) = queue.queues[JobKind.RUN].get_job_ids()
    hostile = pickle.dumps(MakesFolder(tmp_path / "made"))
    redis.hset(Job.key_for(waiting), field, hostile)
    if field != "data":
        redis.hset(Job.key_for(waiting), "data", JSONSerializer.dumps(("nowhere.run", None, (), {})))
    work_off(queue)
    assert QueuedJob.fetch(waiting, connection=redis).is_failed
    assert not (tmp_path / "made").exists()


@pytest.mark.fault("S9")
def test_a_function_that_is_not_ours_is_not_called(queue: ProjectQueue, redis: Redis, tmp_path: Path) -> None:
    name = queue.queues[JobKind.RUN].name
    Queue(name, connection=redis, serializer=JSONSerializer).enqueue("os.mkdir", str(tmp_path / "made"), job_id="x")
    work_off(queue)
    job = QueuedJob.fetch("x", connection=redis)
    assert job.is_failed
    assert not (tmp_path / "made").exists()


@pytest.mark.fault("S9")
@pytest.mark.parametrize("event", ["success", "failure", "stopped"])
def test_a_callback_that_a_job_names_is_not_found(event: str, queue: ProjectQueue, redis: Redis) -> None:
    queue.enqueue(JobKind.RUN, PROJECT)
    (waiting,) = queue.queues[JobKind.RUN].get_job_ids()
    redis.hset(Job.key_for(waiting), f"{event}_callback_name", "os.abort")
    assert getattr(QueuedJob.fetch(waiting, connection=redis), f"{event}_callback") is None


@pytest.mark.fault("S9")
def test_a_webhook_that_a_job_names_is_not_called(queue: ProjectQueue, redis: Redis) -> None:
    queue.enqueue(JobKind.RUN, PROJECT)
    (waiting,) = queue.queues[JobKind.RUN].get_job_ids()
    told = json.dumps([{"url": "http://169.254.169.254/", "on": ["finished", "failed"]}])
    redis.hset(Job.key_for(waiting), "webhooks", told)
    assert QueuedJob.fetch(waiting, connection=redis).webhooks == []


def test_pickled_jobs_of_earlier_releases_are_removed_unread(queue: ProjectQueue, redis: Redis, tmp_path: Path) -> None:
    former = Queue(f"{queue.keys.prefix}:runs", connection=redis, serializer=PickleSerializer)
    former.enqueue("backend.loop.run", MakesFolder(tmp_path / "made"), job_id="old")
    assert drop_former_queues(redis, queue.keys) == 1
    assert not Job.exists("old", connection=redis)
    assert not (tmp_path / "made").exists()
    assert drop_former_queues(redis, queue.keys) == 0
