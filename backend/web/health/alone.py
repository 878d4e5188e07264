"""Whether another web process works with the same MODEL_DIR."""

import fcntl
import os
from pathlib import Path

LOCK = "web.lock"


class Presence:
    """A lock that every web process shares: who can have it alone for a moment, is alone.

    The operating system frees it with the process, however that ends.
    """

    def __init__(self, model_dir: Path) -> None:
        """Begin without the lock.

        Args:
            model_dir: where the file of the lock is.
        """
        self._path = model_dir / LOCK
        self._descriptor: int | None = None

    def is_alone(self) -> bool:
        """Whether no other process shows its presence; from now on this one does.

        Raises:
            OSError: the file can't be made.
        """
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def leave(self) -> None:
        """Show no presence any more."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
