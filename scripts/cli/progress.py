"""Progress bars on standard error, where a person looks at it; nothing is shown in a pipe or a file."""

import sys
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

REFRESHES_PER_SECOND = 4

T = TypeVar("T")


class Bar:
    """A bar that is shown.

    Args:
        display: that draws it.
        task: its number there.
    """

    def __init__(self, display: Progress, task: TaskID) -> None:
        self._display = display
        self._task = task

    def advance(self, count: int = 1) -> None:
        """So many more are done."""
        self._display.advance(self._task, count)

    def reach(self, done: int, total: int | None = None) -> None:
        """So many are done in all; of `total`, where that became known only now."""
        self._display.update(self._task, completed=done, total=total)

    def describe(self, title: str) -> None:
        """Change what stands before the bar."""
        self._display.update(self._task, description=title)

    def note(self, text: str) -> None:
        """Write something behind the bar, such as the best figure so far."""
        self._display.update(self._task, note=text)


@contextmanager
def progress(title: str, total: int | None = None, unit: str = "", *, kept: bool = True) -> Iterator[Bar]:
    """Show a bar while the block runs; bars may be nested.

    Args:
        title: what goes on.
        total: how many there are; None where nobody knows.
        unit: what they are, in the singular.
        kept: whether the bar stays on the screen when the block ends.
    """
    console = Console(stderr=True)
    display = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:,.0f}" + ("" if total is None else "/{task.total:,.0f}") + f" {unit}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=console,
        transient=not kept,
        refresh_per_second=REFRESHES_PER_SECOND,
        disable=not console.is_terminal,
        # What is printed meanwhile comes above the bar, unless standard output is a pipe or a file.
        redirect_stdout=sys.stdout.isatty(),
    )
    with display:
        yield Bar(display, display.add_task(title, total=total, note=""))


def tracked(
    items: Iterable[T], title: str, total: int | None = None, unit: str = "", *, kept: bool = True
) -> Iterator[T]:
    """Pass items on, with a bar for those that the caller is done with; for the other arguments see `progress`."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    with progress(title, total, unit, kept=kept) as bar:
        for item in items:
            yield item
            bar.advance()
