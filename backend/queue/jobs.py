"""What there is to do: kinds of jobs, the function of each, and how RQ finds it.

RQ keeps a job as the name of its function. A function that moves leaves its former name in `FORMER_NAMES`: jobs that
an earlier release queued are worked on all the same. The other way round there is no help: a worker of the earlier
release fails a job by its new name, and the reconciler queues the work again. So on an upgrade the workers are
restarted first, and the web process then.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import rq
from redis import Redis
from rq.job import Job
from rq.utils import import_attribute

from backend.queue.keys import Keys


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

FORMER_NAMES = {
    "backend.loop.run": JobKind.RUN,
    "backend.autolabeling.run": JobKind.AUTOLABEL,
    "backend.embedding.embed_chunk": JobKind.CHUNK,
    "backend.embedding.run": JobKind.EMBED,
    "backend.loop.refresh": JobKind.REFRESH,
    "backend.finetuning.run": JobKind.FINETUNE,
}
"""Names that jobs of earlier releases wait under."""


class QueuedJob(Job):
    """RQ's job, found also by the name that its function had when it was queued."""

    @property
    def func(self) -> Callable[..., Any] | None:
        """The function to call."""
        name = self.func_name
        if name is None:
            return None
        kind = FORMER_NAMES.get(name)
        return import_attribute(name if kind is None else kind.function)


def queues(redis: Redis, keys: Keys) -> dict[JobKind, rq.Queue]:
    """The queue of each kind, the most urgent first."""
    return {kind: rq.Queue(f"{keys.prefix}:{kind}s", connection=redis, job_class=QueuedJob) for kind in JobKind}
