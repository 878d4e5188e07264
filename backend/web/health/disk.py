"""Whether MODEL_DIR's disk has room, and takes writes."""

import os
from dataclasses import dataclass
from pathlib import Path

LOW_BYTES = 500_000_000
"""Less free space than this is told: a backbone takes 20 MB, 10,000 images' features 25 MB."""

LOW_INODES = 1_000


@dataclass(frozen=True)
class Disk:
    """A disk as last seen.

    Attributes:
        free: bytes that this process may fill.
        inodes: files that may be made; None where the file system has no such limit.
        writable: whether files can be made in the folder.
    """

    folder: Path
    free: int
    inodes: int | None
    writable: bool

    @property
    def is_low(self) -> bool:
        """Whether it is full, or nearly."""
        return self.free < LOW_BYTES or (self.inodes is not None and self.inodes < LOW_INODES)


def look_at(folder: Path) -> Disk:
    """The disk that a folder is on; writes nothing.

    Raises:
        OSError: the folder is gone, or its disk fails.
    """
    state = os.statvfs(folder)
    inodes = state.f_favail if state.f_files else None
    # On a disk that is read-only even root may not write.
    return Disk(folder, state.f_bavail * state.f_frsize, inodes, os.access(folder, os.W_OK | os.X_OK))
