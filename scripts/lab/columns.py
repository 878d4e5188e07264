"""Tables of text, for a terminal and for pages."""

from collections.abc import Sequence
from dataclasses import dataclass

NOTHING = "–"
"""A cell without a figure."""


@dataclass(frozen=True)
class Table:
    """A table whose first column names what the others are about.

    Attributes:
        title: what it shows.
        header: a cell a column.
        rows: cells of each row.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """In columns, for a terminal."""
        return f"{self.title}\n{aligned([self.header, *self.rows])}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """A line for each row, of equally many cells each, with the columns below each other."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def percent(share: float) -> str:
    """As people write it: `94 %`, `92.5 %`."""
    return f"{100 * share:.4g} %"


def counted(number: int, noun: str) -> str:
    """As people say it: `1 epoch`, `3,000 images`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
