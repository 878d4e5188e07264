"""Which errors say that a disk, the database or Redis fails, or takes no writes: over when there is room, or access."""

from backend.causes.exceptions import cause_of
from backend.causes.kinds import CauseKind

_PASSING = {
    CauseKind.DISK_FULL,
    CauseKind.DISK_READ_ONLY,
    CauseKind.DISK_DENIED,
    CauseKind.DISK_FAILS,
    CauseKind.FILES_OPEN,
    CauseKind.MEMORY,
    CauseKind.DATABASE_BUSY,
    CauseKind.DATABASE_CLIENTS,
    CauseKind.DATABASE_CORRUPT,
    CauseKind.DATABASE_UNREADABLE,
    CauseKind.REDIS_FULL,
    CauseKind.REDIS_CANNOT_SAVE,
    CauseKind.REDIS_READ_ONLY,
    CauseKind.REDIS_LOADING,
}


def trouble(error: BaseException) -> str | None:
    """What keeps something from being read or written, in a line, with its mend; None for any other error.

    Args:
        error: of a file, LanceDB, safetensors, the database or Redis; or one that was raised because of such an error.
    """
    cause = cause_of(error)
    return cause.sentence if cause.kind in _PASSING else None
