"""Which project needs a run, and who has it: RQ jobs, dirty flags and leases in Redis. The only importer of rq.

Redis holds hints only: when all of it is lost, the reconciler's next poll of each project finds the same work again.
"""

import hashlib
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, cast

import rq
import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.registry import FailedJobRegistry

from backend.errors import RetryLaterError
from backend.project import Project

RUN, AUTOLABEL, REFRESH = "run", "autolabel", "refresh"
FINETUNE, EMBED, CHUNK = "finetune", "embed", "chunk"
FUNCTIONS = {
    RUN: "backend.loop.job.run",
    AUTOLABEL: "backend.autolabel.job.run",
    CHUNK: "backend.backbones.reembed.embed_chunk",
    EMBED: "backend.backbones.reembed.run",
    REFRESH: "backend.loop.job.refresh",
    FINETUNE: "backend.finetune.job.run",
}
"""What there is to do, the most urgent first."""

LOOP = (RUN, AUTOLABEL, CHUNK, EMBED, REFRESH)
"""What the worker does."""
TRAINING = (CHUNK, FINETUNE)
"""What the training worker does: nothing that anybody waits for."""

LEASE, TRAINING_LEASE = "lease", "training-lease"
"""What may be worked on under them: the project itself, and its fine-tuning, which leaves the project alone."""

WORKER_SECONDS = 30
CHUNK_SECONDS = 30
"""A chunk that takes longer is taken for lost: it is worked on twice then, which does no harm."""
NO_TIMEOUT = -1
FAILURES_KEPT_SECONDS = 7 * 24 * 3600

# A lease is two keys: who has it, which runs out, and who had it last, which does not.
_TAKE = """
if not redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
redis.call('set', KEYS[2], ARGV[1])
return 1
"""
# A lease that ran out is ours again if nobody had it since: a long computation may keep the renewing thread waiting.
_EXTEND = """
local holder = redis.call('get', KEYS[1])
if holder ~= ARGV[1] and (holder or redis.call('get', KEYS[2]) ~= ARGV[1]) then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE = """
for index = 1, 2 do
    if redis.call('get', KEYS[index]) == ARGV[1] then redis.call('del', KEYS[index]) end
end
return 1
"""


def connect(url: str) -> Redis:
    """A client that gives up on a silent server soon, and notices dead connections."""
    return Redis.from_url(url, socket_connect_timeout=2, health_check_interval=15)


class Lease:
    """The right to work on a project; lost when it is not renewed in time and somebody else takes it."""

    def __init__(self, redis: Redis, key: str, seconds: float) -> None:
        self._redis = redis
        self._key = key
        self._seconds = seconds
        self._token = uuid.uuid4().hex
        self._stop = threading.Event()
        self._lost = threading.Event()

    def take(self, wait: float) -> bool:
        """Try for `wait` seconds; True if the lease is ours."""
        deadline = time.monotonic() + wait
        while not self._run(_TAKE):
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        threading.Thread(target=self._renew, name="lease", daemon=True).start()
        return True

    def held(self) -> bool:
        """Whether the project is still ours; renews the lease, and asks Redis, which may just have lost it."""
        if self._lost.is_set():
            return False
        try:
            held = self._run(_EXTEND)
        except RedisError:
            return False
        if not held:
            self._lost.set()
        return held

    def check(self) -> None:
        """Raise RetryLaterError when somebody else may have the project by now."""
        if not self.held():
            raise RetryLaterError("The lease on the project was lost (Redis was away); the run gives up.")

    def release(self) -> None:
        """Give the project back."""
        self._stop.set()
        try:
            self._run(_RELEASE)
        except RedisError:
            structlog.get_logger().warning("lease not given back, it runs out by itself")

    def _run(self, script: str) -> bool:
        milliseconds = str(int(self._seconds * 1000))
        return bool(self._redis.eval(script, 2, self._key, f"{self._key}:last", self._token, milliseconds))

    def _renew(self) -> None:
        # While Redis is away nobody can take the lease: trying goes on.
        while not self._stop.wait(self._seconds / 4) and not self._lost.is_set():
            self.held()


class ProjectQueue:
    """The queue as the web process, the worker and the reconciler use it."""

    def __init__(self, redis: Redis, url: str, *, lease_seconds: float, job_seconds: int) -> None:
        """A queue of its own for the projects of the Label Studio at `url`, also on a Redis shared with others."""
        self.redis = redis
        self._prefix = f"label-loop:{hashlib.sha256(url.encode()).hexdigest()[:8]}"
        self._lease_seconds = lease_seconds
        self._job_seconds = job_seconds
        self._queues = {kind: rq.Queue(f"{self._prefix}:{kind}s", connection=redis) for kind in FUNCTIONS}

    def hint(self, project: Project) -> None:
        """Something may have changed: flag the project and see that a run is queued."""
        self.redis.hset(self._key("dirty"), str(project.id), repr(time.time()))
        self.touch(project)
        self.enqueue(RUN, project)

    def postpone(self, project: Project, seconds: float) -> None:
        """A run could not go on for now: flag the project, to be taken up after `seconds`."""
        now = time.time()
        self.redis.hset(self._key("dirty"), str(project.id), repr(now))
        self.redis.set(self._key("postponed", project), "1", px=int(seconds * 1000))

    def postponed(self, project: Project) -> bool:
        """Whether the project waits for something outside to come back."""
        return bool(self.redis.exists(self._key("postponed", project)))

    def touch(self, project: Project) -> None:
        """Somebody is at work on the project."""
        self.redis.hset(self._key("touched"), str(project.id), repr(time.time()))

    def quiet_seconds(self, project: Project) -> float:
        """Seconds since somebody was at work on the project."""
        return time.time() - float(self.redis.hget(self._key("touched"), str(project.id)) or 0)

    def forgot(self) -> bool:
        """Whether Redis lost its data since the last call (or this is the first call ever)."""
        return bool(self.redis.set(self._key("here"), "1", nx=True))

    def enqueue(self, kind: str, project: Project) -> bool:
        """Queue a job unless one of this kind is already waiting for this project; True if it was queued."""
        guard, job = self._key(kind, project), f"{kind}-{project.id}-{uuid.uuid4().hex[:12]}"
        if not self.redis.set(guard, job, nx=True):
            return False
        self._enqueue(kind, job, project.id)
        return True

    def enqueue_order(self, kind: str, project: Project) -> None:
        """Queue a job for an order that is kept elsewhere. Where Redis does not answer, the reconciler finds it."""
        try:
            self.enqueue(kind, project)
        except RedisError as error:
            log = structlog.get_logger()
            log.warning("Redis does not answer; the order is kept", project=project.id, reason=str(error))

    def enqueue_chunk(self, project: Project, backbone_version: str, tasks: Sequence[int]) -> None:
        """Have tasks embedded by any worker; `embedding` tells whether that is still under way."""
        self._enqueue(CHUNK, f"{CHUNK}-{project.id}-{uuid.uuid4().hex[:12]}", project.id, backbone_version, list(tasks))

    def _enqueue(self, kind: str, job: str, *arguments: Any) -> None:
        self._queues[kind].enqueue(
            FUNCTIONS[kind],
            *arguments,
            job_id=job,
            job_timeout=NO_TIMEOUT if kind == FINETUNE else self._job_seconds,
            result_ttl=60,
            failure_ttl=FAILURES_KEPT_SECONDS,
        )

    @contextmanager
    def chunk(self, project: Project) -> Iterator[None]:
        """Let it be known for the length of the block that a chunk is worked on; where it fails, for a while longer."""
        self.redis.set(self._key("chunk", project), "1", ex=CHUNK_SECONDS)
        yield
        self.redis.delete(self._key("chunk", project))

    def embedding(self, project: Project) -> bool:
        """Whether chunks wait, or one of this project is worked on. Of several at once, the first to end hides the
        others."""
        return self._queues[CHUNK].count > 0 or bool(self.redis.exists(self._key("chunk", project)))

    def started(self, kind: str, project: Project) -> None:
        """A job of this kind began: from now on a new event queues another."""
        self.redis.delete(self._key(kind, project))

    def requeue_lost(self, kind: str, project: Project) -> None:
        """Lift the guard of a job that a dying worker took along.

        The job's status does not tell: a worker that dies right after taking a job leaves it as "queued".
        """
        waiting = self.redis.get(self._key(kind, project))
        if waiting is not None and self._queues[kind].get_job_position(_text(waiting)) is None:
            self.redis.delete(self._key(kind, project))

    def dirty_since(self, project: Project) -> float | None:
        """Time of the last event that no run has taken up, or None."""
        value = self.redis.hget(self._key("dirty"), str(project.id))
        return None if value is None else float(value)

    def dirty_projects(self) -> list[int]:
        """Projects with events that no run has taken up."""
        return [int(project) for project in self.redis.hkeys(self._key("dirty"))]

    def clear_dirty(self, project: Project) -> None:
        """The run that starts now takes up all events so far."""
        self.redis.hdel(self._key("dirty"), str(project.id))

    @contextmanager
    def lease(self, project: Project, wait: float, kind: str = LEASE) -> Iterator[Lease | None]:
        """The project for the length of the block, or None when another run has it."""
        lease = Lease(self.redis, self._key(kind, project), self._lease_seconds)
        if not lease.take(wait):
            yield None
            return
        try:
            yield lease
        finally:
            lease.release()

    def waiting(self, kind: str, project: Project) -> bool:
        """Whether a job of this kind is queued, or began and waits for the lease."""
        return bool(self.redis.exists(self._key(kind, project))) or self.dirty_since(project) is not None

    def runs_wait(self) -> bool:
        """Whether a run of any project waits for a worker."""
        return self._queues[RUN].count > 0

    def busy(self, project: Project, kind: str = LEASE) -> bool:
        """Whether somebody has the project: a run or a refresh; or its fine-tuning."""
        return bool(self.redis.exists(self._key(kind, project)))

    def begin(self, project: Project) -> None:
        """Note that a run is under way, so that one that was killed can be told from one that ended."""
        self.redis.hset(self._key("running"), str(project.id), repr(time.time()))

    def end(self, project: Project) -> None:
        """The run ended by itself."""
        self.redis.hdel(self._key("running"), str(project.id))

    def running_projects(self) -> list[int]:
        """Projects whose run has not ended by itself."""
        return [int(project) for project in self.redis.hkeys(self._key("running"))]

    def failed(self, project: Project) -> int:
        """Count a failure; return how many came in a row."""
        return int(self.redis.hincrby(self._key("failures"), str(project.id), 1))

    def succeeded(self, project: Project) -> None:
        """A run went through: forget the failures before it."""
        self.redis.hdel(self._key("failures"), str(project.id))

    def failures(self, project: Project) -> int:
        """How many runs failed in a row."""
        return int(self.redis.hget(self._key("failures"), str(project.id)) or 0)

    def count(self, measures: Mapping[str, float]) -> None:
        """Add to the counters that `/metrics` shows: a work-horse dies with its own."""
        pipeline = self.redis.pipeline()
        for name, value in measures.items():
            pipeline.hincrbyfloat(self._key("counters"), name, value)
        pipeline.execute()

    def counters(self) -> dict[str, float]:
        """All counters by name."""
        stored = cast("dict[bytes, bytes]", self.redis.hgetall(self._key("counters")))
        return {name.decode(): float(value) for name, value in stored.items()}

    def depth(self) -> int:
        """Jobs that wait for a worker."""
        return sum(queue.count for queue in self._queues.values())

    def failed_jobs(self) -> int:
        """Failed jobs that are kept, with their reasons."""
        return sum(FailedJobRegistry(queue=queue).count for queue in self._queues.values())

    def workers(self) -> int:
        """Workers that gave a sign of life lately."""
        return sum(1 for _ in self.redis.scan_iter(match=self._key("worker:*"), count=1000))

    def training_workers(self) -> list[str]:
        """What each training worker trains on that gave a sign of life lately: a device, as PyTorch names it."""
        keys = list(self.redis.scan_iter(match=self._key("trainer:*"), count=1000))
        return sorted(_text(device) for device in (self.redis.mget(keys) if keys else []) if device is not None)

    def work(self) -> None:
        """Do what the loop needs until SIGTERM, whatever becomes of Redis meanwhile."""
        self._work(LoopWorker, LOOP, "worker", "loop")

    def train(self, device: str) -> None:
        """Fine-tune until SIGTERM, which ends a training at once: it goes on after its last whole epoch.

        Args:
            device: to be told in `training_workers`.
        """
        self._work(TrainingWorker, TRAINING, "trainer", device)

    def _work(self, kind_of_worker: "type[LoopWorker]", kinds: Sequence[str], sign: str, says: str) -> None:
        log = structlog.get_logger()
        worker: LoopWorker | None = None
        try:
            while worker is None or not worker.stopping:
                try:
                    worker = kind_of_worker(
                        [self._queues[kind] for kind in kinds],
                        connection=self.redis,
                        worker_ttl=WORKER_SECONDS,
                        job_monitoring_interval=5,
                    )
                    worker.sign_of_life, worker.says = self._key(f"{sign}:{worker.name}"), says
                    # Ends on SIGTERM, but also when Redis goes away at the wrong moment.
                    worker.work(logging_level="WARNING")
                except RedisError as error:
                    log.warning("Redis does not answer; waiting for it", reason=str(error))
                if worker is None or not worker.stopping:
                    time.sleep(1)
        except StopRequested:
            return

    def _key(self, name: str, project: Project | None = None) -> str:
        return f"{self._prefix}:{name}" if project is None else f"{self._prefix}:{name}:{project.id}"


class LoopWorker(rq.Worker):
    """RQ's worker, with a sign of life that survives Redis losing its data and a soon retry when Redis is away.

    Attributes:
        stopping: whether it was told to end.
        sign_of_life: key that is there while it lives.
        says: that key's value.
    """

    max_connection_wait_time = 3
    sign_of_life = ""
    says = ""
    stopping = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.stopping = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def set_shutdown_requested_date(self) -> None:
        with suppress(RedisError):
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        # While Redis is away the work-horse goes on; it is waited for, or it would run beside the next one.
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError as error:
            structlog.get_logger().warning("Redis does not answer; the job goes on", reason=str(error))

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        super().heartbeat(timeout, pipeline)
        self.connection.set(self.sign_of_life, self.says, ex=WORKER_SECONDS)

    def teardown(self) -> None:
        self.connection.delete(self.sign_of_life)
        super().teardown()  # type: ignore[no-untyped-call]


class TrainingWorker(LoopWorker):
    """Doesn't wait for a training to end when it is told to stop."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        if self.horse_pid:
            self.kill_horse()
        super().request_stop(signum, frame)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def show_progress(done: int, total: int, what: str, **more: float) -> None:
    """Put progress into the current job's meta, where there is a job."""
    job = rq.get_current_job()
    if job is not None:
        job.meta["progress"] = {"what": what, "done": done, "total": total, **more}
        job.save_meta()  # type: ignore[no-untyped-call]
