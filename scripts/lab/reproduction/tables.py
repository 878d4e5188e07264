"""The table as text: the published figure and ours."""

from collections.abc import Sequence

from scripts.lab.comparison.tables import share, with_interval
from scripts.lab.reproduction.data import MARKS
from scripts.lab.reproduction.published import PublishedRow
from scripts.lab.reproduction.rows import RowNotRun, RowRun
from scripts.lab.tables import Table
from scripts.lab.wording import NOTHING, counted, percent

HEADER = ("data", "published", "accuracy", "ours", "accuracy (95 %)", "top-5", "goal", "run")


def table(results: Sequence[RowRun | RowNotRun]) -> Table:
    """A line for each row; those that were not run refer to `reasons`."""
    numbers = {reason: number for number, reason in enumerate(_distinct(results), 1)}
    rows = tuple(_ran(each) if isinstance(each, RowRun) else _missing(each, numbers[each.reason]) for each in results)
    return Table("Published figures and ours, on test images", HEADER, rows)


def reasons(results: Sequence[RowRun | RowNotRun]) -> str:
    """Why rows were not run, by the numbers in the table; empty where all were."""
    return "\n".join(f"({number}) {reason}" for number, reason in enumerate(_distinct(results), 1))


def met(ran: RowRun) -> bool | None:
    """Whether our figures are at least the goal and above what was published; None where the run was reduced."""
    if not ran.whole:
        return None
    tops = ran.figures.parts["test"].tops
    top1, top5 = tops[1], tops[5]
    least = (ran.row.goal or ran.row.accuracy or 0.0, ran.row.goal_top5 or ran.row.top5 or 0.0)
    found = (0.0 if top1 is None else top1.value, 1.0 if top5 is None else top5.value)
    return found[0] >= least[0] and found[1] >= least[1]


def _ran(ran: RowRun) -> tuple[str, ...]:
    test = ran.figures.parts["test"]
    reached = met(ran)
    said = "reduced" if reached is None else f"whole, {'met' if reached else 'not met'}"
    epochs = len(ran.figures.outcome.history)
    how = f"{said}: {counted(ran.images, 'image')}" + (f", {counted(epochs, 'epoch')}" if epochs else "")
    return (*_published(ran.row), with_interval(test.accuracy), share(test.tops[5]), _goal(ran.row), how)


def _missing(missing: RowNotRun, number: int) -> tuple[str, ...]:
    return (*_published(missing.row), NOTHING, NOTHING, _goal(missing.row), f"not run ({number})")


def _published(row: PublishedRow) -> tuple[str, ...]:
    return MARKS[row.data].title, row.method or NOTHING, _figures(row.accuracy, row.top5), row.model


def _goal(row: PublishedRow) -> str:
    return _figures(row.goal, row.goal_top5)


def _figures(accuracy: float | None, top5: float | None) -> str:
    if accuracy is None:
        return NOTHING
    return percent(accuracy) if top5 is None else f"{percent(accuracy)} (top-5 {percent(top5)})"


def _distinct(results: Sequence[RowRun | RowNotRun]) -> list[str]:
    return list(dict.fromkeys(each.reason for each in results if isinstance(each, RowNotRun)))
