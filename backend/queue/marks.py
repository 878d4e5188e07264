"""Marks that fade by themselves."""

import hashlib

import structlog
from redis import Redis
from redis.exceptions import RedisError

from backend.queue.keys import Keys


class FadingMarks:
    """One kind of mark, seen by all processes. Where Redis does not answer, nothing is marked."""

    def __init__(self, redis: Redis, keys: Keys, kind: str) -> None:
        self._redis = redis
        self._keys = keys
        self._kind = kind

    def mark(self, name: str, seconds: int) -> None:
        """Set a mark for so long; names come from strangers, and may be of any length."""
        try:
            self._redis.set(self._key(name), "1", ex=seconds)
        except RedisError as error:
            structlog.get_logger().warning("Redis does not answer; nothing is marked", name=name, reason=str(error))

    def is_marked(self, name: str) -> bool:
        """Whether a mark is there."""
        try:
            return bool(self._redis.exists(self._key(name)))
        except RedisError:
            return False

    def _key(self, name: str) -> str:
        return self._keys.of(f"{self._kind}:{hashlib.sha256(name.encode()).hexdigest()[:16]}")
