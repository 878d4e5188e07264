"""Files that are there whole or not at all."""

import uuid
from pathlib import Path


def write(file: Path, content: str) -> None:
    """Write a text file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    unfinished.write_text(content, encoding="utf-8")
    unfinished.replace(file)


def shown(path: Path) -> str:
    """A path as a person would type it: below the current folder where it is there."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
