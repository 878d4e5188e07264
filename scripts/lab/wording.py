"""Figures, counts and paths as people write them."""

from pathlib import Path

NOTHING = "–"
"""Stands where there is no figure."""


def percent(share: float) -> str:
    """Write a share in [0, 1] as `94 %` or `92.5 %`."""
    return f"{100 * share:.4g} %"


def counted(number: int, noun: str) -> str:
    """Write a number with what is counted: `1 epoch`, `3,000 images`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shown(path: Path) -> str:
    """Write a path as a person would type it: below the current folder where it is there."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
