"""Watching which version is active in Label Studio, while somebody annotates."""

import threading
import time
from dataclasses import dataclass, field

from scripts.stack.client import BackendPage, LabelStudioPage
from scripts.stack.errors import StackError

# Fine enough for seconds, and a thirtieth of what Label Studio can answer.
POLL_SECONDS = 0.3


@dataclass(frozen=True)
class SeenVersion:
    """A version of the backend that was seen active in Label Studio.

    Attributes:
        name: Label Studio's `model_version`.
        seen_at: monotonic seconds of the first sight.
        annotations: ids of the annotations that it is trained on; empty before the first training.
        holdout: ids of the tasks of the holdout, or None where the backend does not tell.
    """

    name: str
    seen_at: float
    annotations: frozenset[int] = field(repr=False)
    holdout: frozenset[int] | None = field(repr=False)


class VersionWatch:
    """Sees each version that becomes active, in a thread of its own, until it is closed.

    Args:
        label_studio: a session of its own, for sessions are not shared among threads.
        backend: likewise.
    """

    def __init__(self, label_studio: LabelStudioPage, backend: BackendPage) -> None:
        self._label_studio = label_studio
        self._backend = backend
        self._seen: list[SeenVersion] = []
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._problem: StackError | None = None
        self._thread = threading.Thread(target=self._watch, name="version watch", daemon=True)
        self._thread.start()

    @property
    def seen(self) -> list[SeenVersion]:
        """All versions seen so far, oldest first."""
        with self._changed:
            return list(self._seen)

    def wait_for(self, annotations: frozenset[int], seconds: float) -> bool:
        """Wait until a version is active that is trained on all these annotations; of none, any version of ours.

        Returns:
            Whether there is one before the time is up.

        Raises:
            StackError: Label Studio or the backend stopped answering.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._problem is not None or self._covers(annotations), seconds)
            if self._problem is not None:
                raise self._problem
            return self._covers(annotations)

    def close(self) -> None:
        """Stop watching."""
        self._closing.set()
        self._thread.join()

    def _covers(self, annotations: frozenset[int]) -> bool:
        return bool(self._seen) and annotations <= self._seen[-1].annotations

    def _watch(self) -> None:
        try:
            while not self._closing.wait(POLL_SECONDS):
                self._look()
        except StackError as problem:
            with self._changed:
                self._problem = problem
                self._changed.notify_all()

    def _look(self) -> None:
        name = self._label_studio.active_version()
        seen_at = time.monotonic()
        if not name or (self._seen and self._seen[-1].name == name):
            return
        # None for the connection's title, which is Label Studio's `model_version` before our first version.
        details = self._backend.version(name)
        if details is None:
            return
        holdout = details.get("arm")
        version = SeenVersion(
            name, seen_at, frozenset(details["annotation_ids"]), None if holdout is None else frozenset(holdout)
        )
        with self._changed:
            self._seen.append(version)
            self._changed.notify_all()
