"""The processes that take jobs: RQ's worker, which survives that Redis goes away or loses its data."""

import time
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

import rq
import structlog
from redis.exceptions import RedisError
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from backend import __version__
from backend.queue.jobs import LOOP, TRAINING, JobKind, QueuedJob, drop_former_queues
from backend.queue.keys import SignOfLife
from backend.queue.project_queue import ProjectQueue

LIFE_SECONDS = 30
"""A worker that gave no sign of life for so long is taken for dead."""


class LoopWorker(rq.Worker):
    """RQ's worker, with a sign of life that survives Redis losing its data and a soon retry when Redis is away.

    Attributes:
        stopping: whether it was told to end.
        sign_of_life: key that is there while it lives.
        says: that key's value.
        release: key that tells meanwhile which release it is of.
    """

    max_connection_wait_time = 3
    sign_of_life = ""
    says = ""
    release = ""
    stopping = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Remember it, too."""
        self.stopping = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def set_shutdown_requested_date(self) -> None:
        """Go without it where Redis is away."""
        with suppress(RedisError):
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Go without them where Redis is away."""
        # While Redis is away the work-horse goes on; it is waited for, or it would run beside the next one.
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError as error:
            structlog.get_logger().warning("Redis does not answer; the job goes on", reason=str(error))

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Give the backend's own sign of life, too."""
        super().heartbeat(timeout, pipeline)
        self.connection.set(self.sign_of_life, self.says, ex=LIFE_SECONDS)
        self.connection.set(self.release, __version__, ex=LIFE_SECONDS)

    def teardown(self) -> None:
        """Take the sign of life back, too."""
        self.connection.delete(self.sign_of_life, self.release)
        super().teardown()  # type: ignore[no-untyped-call]


class TrainingWorker(LoopWorker):
    """Doesn't wait for a training to end when it is told to stop."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """End the work-horse first."""
        if self.horse_pid:
            self.kill_horse()
        super().request_stop(signum, frame)


def work(queue: ProjectQueue) -> None:
    """Do what the loop needs until SIGTERM, whatever becomes of Redis meanwhile."""
    _work(LoopWorker, queue, LOOP, SignOfLife.LOOP, "loop")


def train(queue: ProjectQueue, device: str) -> None:
    """Fine-tune until SIGTERM, which ends a training at once: it goes on after its last whole epoch.

    Args:
        queue: whose training jobs to take.
        device: to be told in `ProjectQueue.training_workers`.
    """
    _work(TrainingWorker, queue, TRAINING, SignOfLife.TRAINING, device)


def make_worker(
    worker_class: type[LoopWorker], queue: ProjectQueue, kinds: Sequence[JobKind], sign: SignOfLife, says: str
) -> LoopWorker:
    """A worker that reads no job but ours.

    Args:
        worker_class: which of the two.
        queue: whose jobs it takes.
        kinds: of these jobs, the most urgent first.
        sign: which kind of worker lives, while it does.
        says: value of that sign of life.
    """
    worker = worker_class(
        [queue.queues[kind] for kind in kinds],
        connection=queue.redis,
        job_class=QueuedJob,
        serializer=JSONSerializer,
        worker_ttl=LIFE_SECONDS,
        job_monitoring_interval=5,
    )
    worker.sign_of_life, worker.says = queue.keys.sign_of_life(sign, worker.name), says
    worker.release = queue.keys.release(worker.name)
    return worker


def _work(
    worker_class: type[LoopWorker], queue: ProjectQueue, kinds: Sequence[JobKind], sign: SignOfLife, says: str
) -> None:
    log = structlog.get_logger()
    worker: LoopWorker | None = None
    try:
        while worker is None or not worker.stopping:
            try:
                if dropped := drop_former_queues(queue.redis, queue.keys):
                    log.info("an earlier release's jobs are dropped; their work is found again", jobs=dropped)
                worker = make_worker(worker_class, queue, kinds, sign, says)
                # Ends on SIGTERM, but also when Redis goes away at the wrong moment.
                worker.work(logging_level="WARNING")
            except RedisError as error:
                log.warning("Redis does not answer; waiting for it", reason=str(error))
            if worker is None or not worker.stopping:
                time.sleep(1)
    except StopRequested:
        return
