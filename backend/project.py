"""A project is a Label Studio address and a number there: two servers' project 3 are two projects."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Project:
    """Identity of a Label Studio project."""

    url: str
    id: int

    @property
    def key(self) -> str:
        """Short text, unique and safe in file names, Redis keys and SQL."""
        return f"{self.id}-{hashlib.sha256(self.url.encode()).hexdigest()[:8]}"
