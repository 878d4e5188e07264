"""Runs that fail one after the other: since when, how often, why; and when the next one is worth a try."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis

from backend.project import Project
from backend.queue.keys import Keys, text

KILLED = "the run was killed: it ran out of memory or of time, or its worker was stopped; the worker's log says which"

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds before a failed run is tried again: twice as many after each, unless an event comes first."""


@dataclass(frozen=True)
class FailingRuns:
    """The runs of a project since the last one that went through.

    Attributes:
        times: how many failed or were put off, from 1.
        since: ISO 8601, UTC, of the first.
        reason: why the last one did, in a line.
    """

    times: int
    since: str
    reason: str


class FailureLog:
    """Failing runs of all projects. Redis holds it: with Redis's data the counting begins anew."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._key = keys.of("failing")

    def note(self, project: Project, reason: str) -> FailingRuns:
        """Count a run that did not go through."""
        before = self.of(project)
        since = datetime.now(UTC).isoformat() if before is None else before.since
        failing = FailingRuns(1 if before is None else before.times + 1, since, " ".join(reason.split())[:300])
        self._redis.hset(self._key, str(project.id), json.dumps(asdict(failing), ensure_ascii=False))
        return failing

    def clear(self, project: Project) -> None:
        """A run went through."""
        self._redis.hdel(self._key, str(project.id))

    def of(self, project: Project) -> FailingRuns | None:
        """The failing runs of a project; None where the last one went through."""
        return _read(self._redis.hget(self._key, str(project.id)))

    def all(self) -> dict[int, FailingRuns]:
        """The failing runs of each project that has some, by its number."""
        stored: dict[Any, Any] = self._redis.hgetall(self._key)
        read = {text(number): _read(value) for number, value in stored.items()}
        return {int(number): failing for number, failing in read.items() if failing is not None and number.isdecimal()}


def pause(times: int) -> float:
    """Seconds to wait after so many failures in a row, from 1."""
    return float(min(FIRST_PAUSE * 2.0 ** min(times - 1, 10), LONGEST_PAUSE))


def _read(value: Any) -> FailingRuns | None:
    """What `note` wrote; None for anything else."""
    if value is None:
        return None
    try:
        stored = json.loads(value)
        return FailingRuns(int(stored["times"]), str(stored["since"]), str(stored["reason"]))
    except (ValueError, KeyError, TypeError):
        return None
