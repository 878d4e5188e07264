"""From an event to a run of its project, without making the sender wait for Redis.

A hint says that a project may have changed, and no more: what did change, the project's next run finds out. In Redis it
is a dirty flag and a queued run; see `ProjectQueue.hint`.
"""

import threading
from collections.abc import Callable, Mapping

from redis.exceptions import RedisError

from backend import logs
from backend.label_studio import webhook
from backend.project import Project
from backend.store.records.mirror import MirroredProject

RETRY_SECONDS = 1.0

log = logs.get()


class Hints:
    """Projects that may have changed, each listed once, and kept while Redis is away.

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
        """Stop delivering."""
        with self._changed:
            self._stopping.set()
            self._changed.notify()


def projects_hinted_at(event: webhook.Event, known: Mapping[int, MirroredProject]) -> list[int]:
    """Numbers of the projects that may have changed: the event's own; all served ones where it names none.

    Args:
        event: what happened; one of our own making hints at nothing.
        known: by Label Studio's number, the projects that were pulled.
    """
    if event.project_id is not None:
        return [] if _changes_nothing(event, known.get(event.project_id)) else [event.project_id]
    if event.action == webhook.PROJECT_UPDATED:
        # Without payload it can't be told from our own writes; the next poll finds what somebody else changed.
        return []
    return [number for number, mirrored in known.items() if mirrored.problem is None]


def _changes_nothing(event: webhook.Event, known: MirroredProject | None) -> bool:
    """Whether an event tells of our own write, or of a project that is refused as long as it has this label config."""
    if known is not None and known.is_refused and event.label_config in (None, known.label_config):
        return True
    return _is_our_own_write(event, known)


def _is_our_own_write(event: webhook.Event, known: MirroredProject | None) -> bool:
    """An automatic annotation, or a project's change that left the label config as our switch to a version does."""
    if event.automatic:
        return True
    return (
        event.action == webhook.PROJECT_UPDATED
        and known is not None
        and known.problem is None
        and known.active_version is not None
        and event.label_config == known.label_config
    )
