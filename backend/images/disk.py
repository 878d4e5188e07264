"""Label Studio's local files, read from this machine's disk."""

import os
import stat
from pathlib import Path

from backend.images.budget import Taken
from backend.images.outcome import too_large


def read_file(root: Path, named: str, limit: int, taken: Taken) -> bytes | None:
    """A file below the document root; None where that is none that can be read, so that Label Studio is asked for it.

    Args:
        root: document root.
        named: path below it, as a task has it.
        limit: bytes.
        taken: told the size before the file is read.

    Raises:
        UnavailableError: it is larger than the limit, or there is no room for it.
    """
    try:
        path = (root / named.lstrip("/")).resolve()
        if not path.is_relative_to(root.resolve()):
            return None
        with open(path, "rb", opener=_open) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                return None
            if found.st_size > limit:
                raise too_large(limit)
            taken(found.st_size)
            return file.read(found.st_size)
    except (OSError, ValueError, RuntimeError):
        # Also a loop of links, a name with NUL, one that is too long.
        return None


def _open(path: str, flags: int) -> int:
    """Open without waiting: a pipe that nobody writes to would be waited for as long as that lasts."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
