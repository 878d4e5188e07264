"""The right to work on a project, for one worker at a time."""

import threading
import time
import uuid
from enum import StrEnum

import structlog
from redis import Redis
from redis.exceptions import RedisError

from backend.errors import RetryLaterError

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


class LeaseKind(StrEnum):
    """What is worked on under a lease, as its key is named."""

    PROJECT = "lease"
    """The project itself: its mirror, its versions, its annotations."""
    FINETUNING = "training-lease"
    """Its fine-tuning, which leaves the project alone."""


class Lease:
    """The right to work on a project; lost when it is not renewed in time and somebody else takes it."""

    def __init__(self, redis: Redis, key: str, seconds: float) -> None:
        """A lease that nobody has taken yet.

        Args:
            redis: the connection.
            key: what is leased.
            seconds: for which it lasts without being renewed; it is renewed four times as often.
        """
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
