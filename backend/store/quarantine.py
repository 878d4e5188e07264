"""Where unreadable files go: out of the way, so that they are made anew, and with a reason, so that somebody is told.

    set-aside/<name>/<file or folder>     as it was
    set-aside/<name>/reason.json          what it was, since when, why, and what is lost with it

What is people's is in Label Studio. What can't be made again from there is named as lost, and kept for a while.
"""

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError

from backend import logs
from backend.store.names import new_unique_name
from backend.store.records.json_record import JsonRecord
from backend.store.trouble import trouble
from model.errors import ModelError
from model.files import whole_file

FOLDER, REASON = "set-aside", "reason.json"

_DAMAGED = (ValueError, LookupError, TypeError, SafetensorError, ModelError, EOFError)
_DAMAGED_ON_DISK = (errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENODEV)

T = TypeVar("T")

log = logs.get()


@dataclass(frozen=True)
class SetAside(JsonRecord):
    """Something that is kept out of the way, most often since it could not be read.

    Attributes:
        name: of its folder in `set-aside`, from the time.
        path: where it was, below MODEL_DIR.
        reason: why, in a line.
        lost: what can't be made again, in a sentence; empty where all can.
        at: ISO 8601, UTC.
        damaged: whether it could not be read; else it was somebody else's by then.
    """

    name: str
    path: str
    reason: str
    lost: str = ""
    at: str = ""
    damaged: bool = True


class DamagedError(Exception):
    """A reader found out by itself that something is damaged."""


def is_damage(error: Exception) -> bool:
    """Whether an error of reading something says that it is damaged, and not that the disk is full or fails."""
    if isinstance(error, DamagedError):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _DAMAGED_ON_DISK
    if trouble(error) is not None:
        return False
    # Safetensors tells of a folder in words only.
    return isinstance(error, (*_DAMAGED, OSError))


def _tried(reader: Callable[[Path], T], path: Path) -> tuple[T | None, Exception | None]:
    """What a reader makes of a file or folder, and the damage that kept it from that; neither where it is missing."""
    try:
        return reader(path), None
    except FileNotFoundError:
        return None, None
    except Exception as error:
        if not is_damage(error):
            raise
        return None, error


class Quarantine:
    """What was set aside in one MODEL_DIR. Safe to use from several processes at once."""

    def __init__(self, model_dir: Path) -> None:
        self._model_dir = model_dir
        self._folder = model_dir / FOLDER

    def all(self) -> list[SetAside]:
        """Everything that is set aside, oldest first."""
        try:
            paths = sorted(self._folder.glob(f"*/{REASON}"))
        except OSError:
            return []
        return [found for found in map(_told, paths) if found is not None]

    def read(self, path: Path, reader: Callable[[Path], T], *, whole: Path | None = None, lost: str = "") -> T | None:
        """What a reader makes of a file or folder; None where it is missing, or damaged and set aside now.

        Args:
            path: to read.
            reader: of it; raises what `is_damage` knows.
            whole: what is set aside, where `path` is a part of it.
            lost: see `SetAside`.

        Raises:
            OSError: the disk has something else than damage.
        """
        value, damage = _tried(reader, path)
        if damage is None:
            return value
        # Once more, while nobody else sets it aside: it may be another one by now.
        with self._alone():
            value, damage = _tried(reader, path)
            if damage is not None:
                self._move(whole or path, damage, lost)
            return value

    def set_aside(self, path: Path, error: Exception | str, *, lost: str = "") -> None:
        """Put away what is known to be damaged; what is gone already is no error.

        Args:
            path: of a file or folder.
            error: why it is damaged.
            lost: see `SetAside`.
        """
        with self._alone():
            self._move(path, error, lost)

    def put_away(self, path: Path, reason: str) -> None:
        """Put away what is whole, but nobody's any more.

        Args:
            path: of a file or folder.
            reason: why, in a line.
        """
        with self._alone():
            self._move(path, reason, "", damaged=False)

    def make_folder(self, folder: Path) -> None:
        """Make a folder below MODEL_DIR, and its parents; a file that is in the way is set aside."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            for path in [*reversed(folder.relative_to(self._model_dir).parents), folder.relative_to(self._model_dir)]:
                if (self._model_dir / path).exists() and not (self._model_dir / path).is_dir():
                    self.set_aside(self._model_dir / path, "it is a file where a folder belongs")
            folder.mkdir(parents=True, exist_ok=True)

    def sweep(self, keep: timedelta) -> int:
        """Remove what was set aside longer ago than `keep`; return how many things."""
        old = [each for each in self.all() if datetime.now(UTC) - datetime.fromisoformat(each.at) > keep]
        for each in old:
            shutil.rmtree(self._folder / each.name, ignore_errors=True)
        return len(old)

    def _move(self, path: Path, error: Exception | str, lost: str, *, damaged: bool = True) -> None:
        if not (path.exists() or path.is_symlink()):
            return
        name = new_unique_name()
        shown = path.relative_to(self._model_dir).as_posix() if path.is_relative_to(self._model_dir) else path.name
        told = SetAside(name, shown, _line(error), lost, datetime.now(UTC).isoformat(), damaged)
        home = self._folder / name
        home.mkdir()
        try:
            path.rename(home / path.name)
        except OSError:
            home.rmdir()
            raise
        with whole_file(home / REASON) as unfinished:
            unfinished.write_text(json.dumps(told.to_json(), ensure_ascii=False, indent=1))
        if damaged:
            log.error(
                "unreadable, set aside; it is made anew", path=told.path, reason=told.reason, lost=lost, kept=name
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold off other processes: nobody may take away what another one has just made anew."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _told(path: Path) -> SetAside | None:
    try:
        return SetAside.from_json(json.loads(path.read_text()))
    except (OSError, ValueError):
        # Nobody mends a note of what is gone already; when it went is in its folder's name.
        name = path.parent.name
        return SetAside(name, "something", "the note of it is unreadable itself", at=_moment(name)) if name else None


def _moment(name: str) -> str:
    try:
        return datetime.strptime(name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC).isoformat()
    except ValueError:
        return datetime.now(UTC).isoformat()


def _line(error: Exception | str) -> str:
    """An error in a line of decent length."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:300]
