"""How the queue is doing: for whoever watches it, and never for a decision about a job."""

import time
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis

from backend.queue.keys import Keys, SignOfLife, text
from backend.queue.lease import LeaseKind

OLDER = "an older one"
"""Release of a worker that does not tell its own."""


@dataclass(frozen=True)
class Standing:
    """What goes on with a project.

    Attributes:
        waiting: seconds since the first change that no run has taken up; None where there is none.
        running: seconds since its run began; None where none is under way, or the last one ended by itself.
        leased: whether a job has the project.
    """

    waiting: float | None
    running: float | None
    leased: bool


class QueueWatch:
    """Reads Redis, and sees whether it takes writes."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def check_writes(self) -> None:
        """Write something that is gone by itself.

        Raises:
            RedisError: Redis does not answer, or takes no writes.
        """
        self._redis.set(self._keys.of("written"), "1", ex=60)

    def clock(self) -> float:
        """Redis's time, in seconds as `time.time()` has it."""
        seconds, microseconds = self._redis.time()
        return seconds + microseconds / 1e6

    def may_forget(self) -> bool:
        """Whether Redis has a limit of memory, and throws keys away at it that are to stay."""
        memory = self._redis.info("memory")
        return bool(memory.get("maxmemory")) and str(memory.get("maxmemory_policy", "")).startswith("allkeys")

    def releases(self) -> set[str]:
        """Releases of this software that the living workers are of."""
        names = [
            text(key).rpartition(":")[2]
            for kind in SignOfLife
            for key in self._redis.scan_iter(match=self._keys.sign_of_life(kind, "*"), count=1000)
        ]
        told = self._redis.mget([self._keys.release(name) for name in names]) if names else []
        return {OLDER if each is None else text(each) for each in cast("list[Any]", told)}

    def standings(self) -> dict[int, Standing]:
        """Every project with something that waits or runs, by its number."""
        now = time.time()
        waiting, running = self._times("waiting-since"), self._times("running")
        numbers = sorted({*waiting, *running})
        pipeline = self._redis.pipeline(transaction=False)
        for number in numbers:
            pipeline.exists(self._keys.of(f"{LeaseKind.PROJECT}:{number}"))
        leased = pipeline.execute() if numbers else []
        return {
            number: Standing(_age(waiting.get(number), now), _age(running.get(number), now), bool(has_lease))
            for number, has_lease in zip(numbers, leased, strict=True)
        }

    def _times(self, name: str) -> dict[int, float]:
        stored = cast("dict[Any, Any]", self._redis.hgetall(self._keys.of(name)))
        return {int(text(number)): float(value) for number, value in stored.items()}


def _age(moment: float | None, now: float) -> float | None:
    return None if moment is None else max(0.0, now - moment)
