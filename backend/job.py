"""What every RQ job needs: services of its own, a project, lines in the log that say whose they are, and patience."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from redis.exceptions import RedisError

from backend import logs
from backend.errors import RetryLaterError
from backend.queue.jobs import JobKind
from backend.queue.lease import Lease, LeaseKind
from backend.services import ProjectContext, Services
from backend.settings import load
from backend.store.trouble import trouble

LEASE_WAIT_SECONDS = 5.0
"""A refresh gives the project back between two slices: whatever is more urgent waits so long for it."""

log = logs.get()


@dataclass(frozen=True)
class Job(ProjectContext):
    """A job at work on a project."""

    @contextmanager
    def lease(self, wait: float = LEASE_WAIT_SECONDS, kind: LeaseKind = LeaseKind.PROJECT) -> Iterator[Lease | None]:
        """The project for the length of the block, or None where another job has it.

        Args:
            wait: seconds to try for.
            kind: which of the project's leases.
        """
        with self.services.queue.lease(self.project, wait, kind) as lease:
            if lease is None:
                log.info("another job has the project", lease=kind)
            yield lease


def why_put_off(error: Exception) -> str | None:
    """Why a job is to be tried again, in a line: something outside is away, or takes no writes; None for a failure."""
    return str(error) if isinstance(error, RetryLaterError | RedisError) else trouble(error)


@contextmanager
def project_job(kind: JobKind, project_id: int) -> Iterator[Job]:
    """What an RQ job runs in.

    A job begins with `with project_job(JobKind.RUN, project_id) as job:`. Where Label Studio or Redis does not answer,
    or a disk takes no writes, it ends and is put off: what is left is in the stores, never in the job, and the
    reconciler finds it there.
    """
    services = Services(load())
    project = services.project(project_id)
    logs.bind(project=project.id, job=kind, run=uuid.uuid4().hex[:8])
    try:
        if kind is not JobKind.CHUNK:
            # Of chunks many wait at once: no event asks for one more. A Redis without writes ends the work itself.
            with suppress(RedisError):
                services.queue.started(kind, project)
        yield Job(project, services)
    except Exception as error:
        reason = why_put_off(error)
        if reason is None:
            raise
        log.warning("put off", reason=reason)
        with suppress(RedisError):
            services.queue.put_off(kind, project)
    finally:
        logs.unbind()
