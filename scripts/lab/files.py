"""Text files that are there whole or not at all."""

from pathlib import Path

from model.files import whole_file


def write(file: Path, content: str) -> None:
    """Write a text file, whole or not at all; its folder is made where it is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(file) as unfinished:
        unfinished.write_text(content, encoding="utf-8")
