"""Tables: for a terminal, plain for a pipe, and for the pages."""

from dataclasses import dataclass
from io import StringIO

import rich.table
from rich.console import Console
from rich.text import Text

WIDEST = 10_000
"""Columns of a pipe or file, which breaks no line."""


@dataclass(frozen=True)
class Table:
    """A table whose first column names what the others are about.

    Attributes:
        title: what it shows; empty where that is plain.
        header: a cell a column; all empty for none.
        rows: cells of each row.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """The table without any style, its columns below each other, its title above."""
        written = StringIO()
        Console(file=written, width=WIDEST, color_system=None).print(self._drawn())
        lines = [line.rstrip() for line in written.getvalue().splitlines()]
        return "\n".join([self.title, *lines] if self.title else lines)

    def markdown(self) -> str:
        """The table for a page, its title left out."""
        rows = [self.header, tuple("---" for _ in self.header), *self.rows]
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def show(self) -> None:
        """Print the table on standard output: with style on a terminal, plain in a pipe or a file."""
        console = Console()
        if not console.is_terminal:
            print(self.text(), flush=True)
            return
        if self.title:
            console.print(Text(self.title, style="bold"))
        console.print(self._drawn())

    def _drawn(self) -> rich.table.Table:
        drawn = rich.table.Table(
            box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", show_header=any(self.header)
        )
        for place, cell in enumerate(self.header):
            drawn.add_column(Text(cell), style="bold" if place == 0 else "")
        for row in self.rows:
            # As `Text`, for rich would take square brackets in a cell for markup.
            drawn.add_row(*map(Text, row))
        return drawn
