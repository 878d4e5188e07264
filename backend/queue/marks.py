"""What all processes see, and what fades by itself."""

import hashlib
from contextlib import suppress

import structlog
from redis import Redis
from redis.exceptions import RedisError

from backend.queue.keys import Keys, text


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

    def count(self, name: str, seconds: int) -> int:
        """How often this was asked before, with no `forget` and no more than so long in between; 0 without Redis."""
        try:
            with self._redis.pipeline() as pipe:
                pipe.incr(self._key(name, "-times"))
                pipe.expire(self._key(name, "-times"), seconds)
                times, _ = pipe.execute()
        except RedisError:
            return 0
        return int(times) - 1

    def forget(self, name: str) -> None:
        """Take the mark and the count away; without Redis they fade."""
        with suppress(RedisError):
            self._redis.delete(self._key(name), self._key(name, "-times"))

    def _key(self, name: str, more: str = "") -> str:
        return self._keys.of(f"{self._kind}{more}:{hashlib.sha256(name.encode()).hexdigest()[:16]}")


class FadingWord:
    """A word that all processes see. Where Redis does not answer, none is kept."""

    def __init__(self, redis: Redis, keys: Keys, kind: str) -> None:
        self._redis = redis
        self._key = keys.of(kind)

    def keep(self, word: str, seconds: int) -> None:
        """Keep a word for so long."""
        try:
            self._redis.set(self._key, word, ex=seconds)
        except RedisError as error:
            structlog.get_logger().warning("Redis does not answer; nothing is kept", word=word, reason=str(error))

    def recall(self) -> str | None:
        """The word that is kept, if any."""
        try:
            kept = self._redis.get(self._key)
        except RedisError:
            return None
        return text(kept) if isinstance(kept, bytes | str) else None
