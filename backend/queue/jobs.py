"""What there is to do: kinds of jobs, the function of each, and how RQ finds it.

Redis is trusted with what is to be done, never with code: whoever can write to it can ask for a run, and for nothing
else. So a job is JSON, calls one of the functions that are listed here, and brings no callback and no webhook.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import rq
from redis import Redis
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import import_attribute

from backend.queue.keys import Keys, text


class JobKind(StrEnum):
    """Kinds of jobs, the most urgent first; the values stand in the names of keys and queues."""

    RUN = "run"
    AUTOLABEL = "autolabel"
    CHUNK = "chunk"
    EMBED = "embed"
    REFRESH = "refresh"
    FINETUNE = "finetune"

    @property
    def function(self) -> str:
        """The RQ job, as it can be imported."""
        return _FUNCTIONS[self]


_FUNCTIONS = {
    JobKind.RUN: "backend.loop.job.run",
    JobKind.AUTOLABEL: "backend.autolabel.job.run",
    JobKind.CHUNK: "backend.backbones.reembed.embed_chunk",
    JobKind.EMBED: "backend.backbones.reembed.run",
    JobKind.REFRESH: "backend.loop.job.refresh",
    JobKind.FINETUNE: "backend.finetune.job.run",
}

LOOP = (JobKind.RUN, JobKind.AUTOLABEL, JobKind.CHUNK, JobKind.EMBED, JobKind.REFRESH)
"""What the worker does, the most urgent first."""

TRAINING = (JobKind.CHUNK, JobKind.FINETUNE)
"""What the training worker does: nothing that anybody waits for."""

_CALLABLE = frozenset(_FUNCTIONS.values())

_FIELDS = frozenset(
    {
        *("created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat"),
        *("data", "description", "origin", "status", "worker_name", "exc_info"),
        *("timeout", "ttl", "result_ttl", "failure_ttl"),
    }
)
"""What of a job is read. RQ would follow more: names of callbacks, addresses of webhooks, dependencies, retries."""


class QueuedJob(Job):
    """RQ's job, for work of ours only."""

    def __init__(self, id: str | None = None, connection: Redis | None = None, serializer: Any = None) -> None:  # noqa: ARG002
        """A job in JSON, whatever serializer RQ hands over; it unpickles where it is given none."""
        super().__init__(id, connection, JSONSerializer)

    @property
    def func(self) -> Callable[..., Any]:
        """The function to call.

        Raises:
            ValueError: the job names another than ours.
        """
        name = self.func_name
        if name not in _CALLABLE:
            raise ValueError(
                f"Job {self.id} names {name!r}, which is no job of this backend. Who else writes to Redis?"
            )
        function: Callable[..., Any] = import_attribute(name)
        return function

    def restore(self, raw_data: dict[Any, Any]) -> None:
        """Read what RQ stored, as far as we wrote it."""
        super().restore({field: value for field, value in raw_data.items() if text(field) in _FIELDS})


def queues(redis: Redis, keys: Keys) -> dict[JobKind, rq.Queue]:
    """The queue of each kind, the most urgent first."""
    return {
        kind: rq.Queue(f"{keys.prefix}:{kind}:jobs", connection=redis, job_class=QueuedJob, serializer=JSONSerializer)
        for kind in JobKind
    }


def drop_former_queues(redis: Redis, keys: Keys) -> int:
    """Remove the queues of releases that pickled their jobs, unread: the reconciler finds the same work again.

    Returns:
        How many jobs waited there.
    """
    former = [rq.Queue(f"{keys.prefix}:{kind}s", connection=redis, job_class=QueuedJob) for kind in JobKind]
    waiting = sum(queue.count for queue in former)
    for queue in former:
        queue.delete(delete_jobs=True)
    return waiting
