"""Files that a power cut does not halve."""

import os
from pathlib import Path


def flush(path: Path) -> None:
    """Have the disk hold a file's content, or a folder's list of names, before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
