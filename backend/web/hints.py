"""From an event to a run of its project, without making the sender wait for Redis.

A hint says that a project may have changed, and nothing more: what changed is for the project's next run to find out.
It is a dirty flag in Redis and a queued run; `ProjectQueue.hint` makes both.
"""

import threading
from collections.abc import Callable

from redis.exceptions import RedisError

from backend import logs
from backend.project import Project

RETRY_SECONDS = 1.0

log = logs.get()


class Hints:
    """Projects that may have changed, each once; kept while Redis is away.

    A hint that is lost with this process costs nothing but time: the reconciler polls every project.
    """

    def __init__(self, deliver: Callable[[Project], None]) -> None:
        self._deliver = deliver
        self._waiting: set[Project] = set()
        self._changed = threading.Condition()
        self._stopping = threading.Event()

    def add(self, project: Project) -> None:
        """Note a project; returns at once."""
        with self._changed:
            self._waiting.add(project)
            self._changed.notify()

    def run(self) -> None:
        """Deliver hints as they come, until `stop`."""
        while not self._stopping.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping.is_set())
                projects, self._waiting = self._waiting, set()
            while projects and not self._stopping.is_set():
                project = projects.pop()
                try:
                    self._deliver(project)
                except RedisError as error:
                    projects.add(project)
                    log.warning("Redis does not answer; events are kept", projects=len(projects), reason=str(error))
                    self._stopping.wait(RETRY_SECONDS)

    def stop(self) -> None:
        """Deliver nothing any more."""
        with self._changed:
            self._stopping.set()
            self._changed.notify()
