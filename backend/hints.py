"""From an event to a dirty flag in Redis, without making the sender wait for Redis."""

import threading
from collections.abc import Callable

from redis.exceptions import RedisError

from backend import logs
from backend.project import Project

RETRY_SECONDS = 1.0

log = logs.get()


class Hints:
    """Projects that may have changed; a thread hands them on, and keeps them while Redis is away.

    A hint that is lost with this process costs nothing but time: the reconciler polls every project.
    """

    def __init__(self, deliver: Callable[[Project], None]) -> None:
        self._deliver = deliver
        self._waiting: set[Project] = set()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="hints", daemon=True).start()

    def add(self, project: Project) -> None:
        """Note a project; returns at once."""
        with self._changed:
            self._waiting.add(project)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                projects, self._waiting = self._waiting, set()
            for project in projects:
                try:
                    self._deliver(project)
                except RedisError as error:
                    log.warning("Redis does not answer; the event is kept", project=project.id, reason=str(error))
                    threading.Timer(RETRY_SECONDS, self.add, [project]).start()
