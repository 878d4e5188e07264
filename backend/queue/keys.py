"""Names in Redis. They outlive an upgrade: what one release wrote, the next one finds."""

import hashlib
from enum import StrEnum

from backend.project import Project


class SignOfLife(StrEnum):
    """What kind of worker lives, as its key is named."""

    LOOP = "worker"
    TRAINING = "trainer"


class Keys:
    """Names of the keys for the projects of one Label Studio, also on a Redis shared with others."""

    def __init__(self, url: str) -> None:
        self.prefix = f"label-loop:{hashlib.sha256(url.encode()).hexdigest()[:8]}"

    def of(self, name: str, project: Project | None = None) -> str:
        """Name of a key, of all projects or of one."""
        return f"{self.prefix}:{name}" if project is None else f"{self.prefix}:{name}:{project.id}"

    def sign_of_life(self, kind: SignOfLife, worker: str) -> str:
        """Name of the key that is there while a worker lives; `*` for those of all workers of the kind."""
        return self.of(f"{kind}:{worker}")

    def release(self, worker: str) -> str:
        """Name of the key that tells which release a living worker is of."""
        return self.of(f"release:{worker}")


def text(value: bytes | str) -> str:
    """What Redis answered, as text."""
    return value.decode() if isinstance(value, bytes) else value
