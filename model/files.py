"""Files that a power cut does not halve."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def flush(path: Path) -> None:
    """Have the disk hold a file's content, or a folder's list of names, before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def whole_folder(folder: Path, *, flushed: bool = True) -> Iterator[Path]:
    """An empty folder to write files into, which gets its name when the block ends; nothing is left if it fails.

    Args:
        folder: its name; made by this call, its parents too.
        flushed: whether it survives a power cut, too; that takes some hundredths of a second.

    Raises:
        OSError: there is something in a folder of that name.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, so that the rename stays within one file system.
    unfinished = folder.parent / f".{folder.name}.{uuid.uuid4().hex}"
    unfinished.mkdir()
    try:
        yield unfinished
        for path in [*unfinished.iterdir(), unfinished] if flushed else []:
            flush(path)
        unfinished.rename(folder)
        if flushed:
            flush(folder.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def whole_file(path: Path, *, flushed: bool = True) -> Iterator[Path]:
    """A file to write, which takes the place of the one of that name when the block ends; else the old one stays.

    Args:
        path: its name; its folder must be there.
        flushed: whether it survives a power cut, too; that takes some hundredths of a second.
    """
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        yield unfinished
        if flushed:
            flush(unfinished)
        unfinished.replace(path)
        if flushed:
            flush(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)
