"""A project is a Label Studio address and a number there: two servers' project 3 are two projects."""

import hashlib
from dataclasses import dataclass
from typing import TypeGuard

GREATEST_ID = 2**31 - 1
"""Label Studio's ids are 32-bit integers, and so are the mirror's."""


def is_id(value: object) -> TypeGuard[int]:
    """Whether a value can be the id of a project or task."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= GREATEST_ID


@dataclass(frozen=True)
class Project:
    """Identity of a Label Studio project."""

    url: str
    id: int

    @property
    def key(self) -> str:
        """Short text, unique and safe in file names, Redis keys and SQL."""
        return f"{self.id}-{hashlib.sha256(self.url.encode()).hexdigest()[:8]}"
