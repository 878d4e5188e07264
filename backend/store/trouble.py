"""What a disk, the database or Redis has when it takes no writes: nobody's mistake, over when there is room again."""

import errno

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

_NUMBERS = {
    errno.ENOSPC: "The disk is full",
    errno.EDQUOT: "The disk's quota is used up",
    errno.EFBIG: "A file may not grow any more (a limit of this process)",
    errno.EROFS: "The disk can be read only",
    errno.EMFILE: "This process has too many files open",
    errno.ENFILE: "This machine has too many files open",
}

_WORDS = {
    "no space left": "The disk is full",
    "os error 28": "The disk is full",
    "database or disk is full": "The disk is full",
    "disk quota exceeded": "The disk's quota is used up",
    "file too large": "A file may not grow any more (a limit of this process)",
    "read-only file system": "The disk can be read only",
    "readonly database": "The database can be read only",
    "database is locked": "The database is locked by another process",
    "disk i/o error": "The disk does not take the database's writes",
    "unable to open database file": "The database's file can't be opened",
    "too many open files": "This process has too many files open",
    "oom command not allowed": "Redis is out of memory",
    "misconf": "Redis can't save its data to disk, so it takes no writes",
    "readonly you can't write": "Redis is a read-only replica",
}

MEND = {
    "The disk is full": "make room",
    "Redis is out of memory": "raise its maxmemory",
}


def trouble(error: BaseException) -> str | None:
    """What keeps something from being written, in a line with the library's own words; None for any other error.

    Args:
        error: of a file, LanceDB, safetensors, the database or Redis; or one that was raised because of such an error.
    """
    seen: BaseException | None = error
    while seen is not None:
        what = _what(seen)
        if what is not None:
            mend = f" ({MEND[what]})" if what in MEND else ""
            return f"{what}{mend}. Nothing half-written is left; it goes on by itself. {_line(seen)}"
        seen = seen.__cause__ or seen.__context__
    return None


def _what(error: BaseException) -> str | None:
    if isinstance(error, OSError) and error.errno in _NUMBERS:
        return _NUMBERS[error.errno]
    said = str(error).lower()
    # Libraries in Rust and C tell of the disk in words only, as whatever kind of error.
    if isinstance(error, RedisError | SQLAlchemyError | OSError | RuntimeError | ValueError) or _is_native(error):
        return next((what for words, what in _WORDS.items() if words in said), None)
    return None


def _is_native(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in {"builtins", "safetensors", "lance", "lancedb"}


def _line(error: BaseException) -> str:
    return f"[{' '.join(str(error).split())[:160]}]"
