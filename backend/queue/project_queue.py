"""Which project needs a run, and who has it: RQ jobs, dirty flags and leases in Redis.

Redis holds hints only: when all of it is lost, the reconciler's next poll of each project finds the same work again.
"""

import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq.registry import FailedJobRegistry

from backend.project import Project
from backend.queue.counters import Counters
from backend.queue.failures import FailureLog
from backend.queue.jobs import JobKind, queues
from backend.queue.keys import Keys, SignOfLife, text
from backend.queue.lease import Lease, LeaseKind
from backend.queue.watch import QueueWatch

CHUNK_SECONDS = 30
"""A chunk that takes longer is taken for lost: it is worked on twice then, which does no harm."""

PUT_OFF_SECONDS = 20
"""For so long a job that could not go on is not found again."""

NO_TIMEOUT = -1
FAILURES_KEPT_SECONDS = 7 * 24 * 3600


def connect(url: str) -> Redis:
    """A client that gives up on a silent server soon, and notices dead connections."""
    return Redis.from_url(url, socket_connect_timeout=2, health_check_interval=15)


class ProjectQueue:
    """The queue as the web process, the worker and the reconciler use it.

    Attributes:
        redis: the connection.
        keys: names in it.
        queues: RQ's, by kind of job.
        failing: which projects' runs fail, and why.
        watch: how the queue is doing.
    """

    def __init__(self, redis: Redis, url: str, *, lease_seconds: float, job_seconds: int) -> None:
        """A queue of its own for the projects of the Label Studio at `url`, also on a Redis shared with others."""
        self.redis = redis
        self.keys = Keys(url)
        self.queues = queues(redis, self.keys)
        self.failing = FailureLog(redis, self.keys)
        self.watch = QueueWatch(redis, self.keys)
        self._lease_seconds = lease_seconds
        self._job_seconds = job_seconds

    def hint(self, project: Project) -> None:
        """Something may have changed: flag the project and see that a run is queued."""
        self._flag(project)
        self.touch(project)
        self.enqueue(JobKind.RUN, project)

    def postpone(self, project: Project, seconds: float) -> None:
        """A run could not go on for now: flag the project, to be taken up after `seconds`."""
        self._flag(project)
        self.pause(project, seconds)

    def _flag(self, project: Project) -> None:
        """Note when something last changed, and when the first of these changes was."""
        number, now = str(project.id), repr(time.time())
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.hset(self.keys.of("dirty"), number, now)
        pipeline.hsetnx(self.keys.of("waiting-since"), number, now)
        pipeline.execute()

    def pause(self, project: Project, seconds: float) -> None:
        """A run failed: unless an event comes, no other one is queued for `seconds`."""
        self.redis.set(self.keys.of("postponed", project), "1", px=int(seconds * 1000))

    def postponed(self, project: Project) -> bool:
        """Whether the project waits for something outside to come back."""
        return bool(self.redis.exists(self.keys.of("postponed", project)))

    def touch(self, project: Project) -> None:
        """Somebody is at work on the project."""
        self.redis.hset(self.keys.of("touched"), str(project.id), repr(time.time()))

    def quiet_seconds(self, project: Project) -> float:
        """Seconds since somebody was at work on the project."""
        return time.time() - float(self.redis.hget(self.keys.of("touched"), str(project.id)) or 0)

    def forgot(self) -> bool:
        """Whether Redis lost its data since the last call (or this is the first call ever)."""
        return bool(self.redis.set(self.keys.of("here"), "1", nx=True))

    def claim(self, what: str, seconds: int) -> bool:
        """Whether this process is the one to do something that is done once in so many seconds."""
        return bool(self.redis.set(self.keys.of(what), "1", nx=True, ex=seconds))

    def sweep(self, known: Collection[int], seconds: float) -> int:
        """Forget projects that are not known, and that nobody was at work on for so long; return how many."""
        touched: dict[Any, Any] = self.redis.hgetall(self.keys.of("touched"))
        oldest = time.time() - seconds
        read = {text(number): _time(value) for number, value in touched.items()}
        gone = [number for number, at in read.items() if at < oldest and not _is_one_of(number, known)]
        for number in gone:
            names = [self.keys.of(f"{kind}:{number}:last") for kind in LeaseKind]
            self.redis.delete(*names)
            for name in ("touched", "running", "failing"):
                self.redis.hdel(self.keys.of(name), number)
        return len(gone)

    def enqueue(self, kind: JobKind, project: Project) -> bool:
        """Queue a job unless one of this kind is already waiting for this project; True if it was queued."""
        guard, job = self.keys.of(kind, project), _job_id(kind, project)
        if not self.redis.set(guard, job, nx=True):
            return False
        self._enqueue(kind, job, project.id)
        return True

    def enqueue_requested(self, kind: JobKind, project: Project) -> None:
        """Queue a job for a request that is kept elsewhere: where Redis does not answer, the reconciler finds it."""
        try:
            self.enqueue(kind, project)
        except RedisError as error:
            log = structlog.get_logger()
            log.warning("Redis does not answer; the request is kept", project=project.id, reason=str(error))

    def enqueue_chunk(self, project: Project, backbone_version: str, tasks: Sequence[int]) -> None:
        """Have tasks embedded by any worker; `embedding` tells whether that is still under way."""
        self._enqueue(
            JobKind.CHUNK,
            _job_id(JobKind.CHUNK, project),
            project.id,
            backbone_version,
            list(tasks),
        )

    def _enqueue(self, kind: JobKind, job: str, *arguments: Any) -> None:
        self.queues[kind].enqueue(
            kind.function,
            *arguments,
            job_id=job,
            job_timeout=NO_TIMEOUT if kind is JobKind.FINETUNE else self._job_seconds,
            result_ttl=60,
            failure_ttl=FAILURES_KEPT_SECONDS,
        )

    @contextmanager
    def chunk(self, project: Project) -> Iterator[None]:
        """Let it be known for the length of the block that a chunk is worked on; where it fails, for a while longer."""
        self.redis.set(self.keys.of("chunk", project), "1", ex=CHUNK_SECONDS)
        yield
        self.redis.delete(self.keys.of("chunk", project))

    def embedding(self, project: Project) -> bool:
        """Whether chunks wait, or one of this project is worked on.

        Of several at once, the first to end hides the others.
        """
        return self.queues[JobKind.CHUNK].count > 0 or bool(self.redis.exists(self.keys.of("chunk", project)))

    def put_off(self, kind: JobKind, project: Project) -> None:
        """A job of this kind could not go on: what finds work by itself leaves it alone for a while."""
        self.redis.set(self.keys.of(f"put-off:{kind}", project), "1", ex=PUT_OFF_SECONDS)

    def is_put_off(self, kind: JobKind, project: Project) -> bool:
        """Whether a job of this kind could not go on a moment ago."""
        return bool(self.redis.exists(self.keys.of(f"put-off:{kind}", project)))

    def started(self, kind: JobKind, project: Project) -> None:
        """A job of this kind began: from now on a new event queues another."""
        self.redis.delete(self.keys.of(kind, project))

    def requeue_lost(self, kind: JobKind, project: Project) -> None:
        """Lift the guard of a job that a dying worker took along.

        The job's status does not tell: a worker that dies right after taking a job leaves it as "queued".
        """
        waiting = self.redis.get(self.keys.of(kind, project))
        if waiting is not None and self.queues[kind].get_job_position(text(waiting)) is None:
            self.redis.delete(self.keys.of(kind, project))

    def dirty_since(self, project: Project) -> float | None:
        """Time of the last event that no run has taken up, or None."""
        value = self.redis.hget(self.keys.of("dirty"), str(project.id))
        return None if value is None else float(value)

    def dirty_projects(self) -> list[int]:
        """Projects with events that no run has taken up."""
        return [int(project) for project in self.redis.hkeys(self.keys.of("dirty"))]

    def clear_dirty(self, project: Project) -> None:
        """The run that starts now takes up all events so far."""
        pipeline = self.redis.pipeline(transaction=False)
        for name in ("dirty", "waiting-since"):
            pipeline.hdel(self.keys.of(name), str(project.id))
        pipeline.execute()

    @contextmanager
    def lease(self, project: Project, wait: float, kind: LeaseKind = LeaseKind.PROJECT) -> Iterator[Lease | None]:
        """The project for the length of the block, or None when another run has it."""
        lease = Lease(self.redis, self.keys.of(kind, project), self._lease_seconds)
        if not lease.take(wait):
            yield None
            return
        try:
            yield lease
        finally:
            lease.release()

    def waiting(self, kind: JobKind, project: Project) -> bool:
        """Whether a job of this kind is queued, or began and waits for the lease."""
        return bool(self.redis.exists(self.keys.of(kind, project))) or self.dirty_since(project) is not None

    def runs_wait(self) -> bool:
        """Whether a run of any project waits for a worker."""
        return self.queues[JobKind.RUN].count > 0

    def busy(self, project: Project, kind: LeaseKind = LeaseKind.PROJECT) -> bool:
        """Whether somebody has the project: a run or a refresh; or its fine-tuning."""
        return bool(self.redis.exists(self.keys.of(kind, project)))

    def begin(self, project: Project) -> bool:
        """Note that a run is under way, so that one that was killed can be told from one that ended.

        Returns:
            Whether the one before ended by itself.
        """
        return bool(self.redis.hset(self.keys.of("running"), str(project.id), repr(time.time())))

    def end(self, project: Project) -> None:
        """The run ended by itself."""
        self.redis.hdel(self.keys.of("running"), str(project.id))

    def killed_projects(self) -> list[int]:
        """Projects whose run has not ended by itself, and is not under way either."""
        marks = self._marks_of_runs()
        at_rest = [number for number in marks if not self.redis.exists(self.keys.of(f"{LeaseKind.PROJECT}:{number}"))]
        # A run that has ended or begun since then has another mark, or none.
        now = self._marks_of_runs()
        return [number for number in at_rest if marks[number] == now.get(number)]

    def _marks_of_runs(self) -> dict[int, str]:
        stored = cast("dict[Any, Any]", self.redis.hgetall(self.keys.of("running")))
        return {int(text(number)): text(began) for number, began in stored.items()}

    def count(self, done: Counters) -> None:
        """Add to the counters that `/metrics` shows."""
        pipeline = self.redis.pipeline()
        for name, value in done.by_name().items():
            pipeline.hincrbyfloat(self.keys.of("counters"), name, value)
        pipeline.execute()

    def counters(self) -> Counters:
        """All that was counted so far."""
        stored = cast("dict[bytes, bytes]", self.redis.hgetall(self.keys.of("counters")))
        return Counters.read({text(name): float(value) for name, value in stored.items()})

    def depth(self) -> int:
        """Jobs that wait for a worker."""
        return sum(queue.count for queue in self.queues.values())

    def failed_jobs(self) -> int:
        """Failed jobs that are kept, with their reasons."""
        return sum(FailedJobRegistry(queue=queue).count for queue in self.queues.values())

    def workers(self) -> int:
        """Workers that gave a sign of life lately."""
        return sum(1 for _ in self.redis.scan_iter(match=self.keys.sign_of_life(SignOfLife.LOOP, "*"), count=1000))

    def training_workers(self) -> list[str]:
        """What each training worker trains on that gave a sign of life lately: a device, as PyTorch names it."""
        keys = list(self.redis.scan_iter(match=self.keys.sign_of_life(SignOfLife.TRAINING, "*"), count=1000))
        return sorted(text(device) for device in (self.redis.mget(keys) if keys else []) if device is not None)


def _time(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        return 0.0


def _is_one_of(number: str, known: Collection[int]) -> bool:
    return number.isdecimal() and int(number) in known


def _job_id(kind: JobKind, project: Project) -> str:
    return f"{kind}-{project.id}-{uuid.uuid4().hex[:12]}"
