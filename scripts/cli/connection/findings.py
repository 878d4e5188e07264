"""What a check found: one line of what is, and where something is wrong, one of how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rich.console import Console
from rich.text import Text


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes:
        level: `ERROR` where labelling or training cannot work, `WARNING` where it works badly.
        what: what is so, in one sentence that says where.
        mend: what to do; empty for `OK`.
    """

    level: Level
    what: str
    mend: str = ""


def ok(what: str) -> Finding:
    """Something is as it should be."""
    return Finding(Level.OK, what)


def warning(what: str, mend: str) -> Finding:
    """Something makes the loop worse, but it runs."""
    return Finding(Level.WARNING, what, mend)


def error(what: str, mend: str) -> Finding:
    """Something keeps the loop from running."""
    return Finding(Level.ERROR, what, mend)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any finding keeps the loop from running."""
    return any(finding.level is Level.ERROR for finding in findings)


STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "red"}


def line(finding: Finding) -> Text:
    """One line for a person: what is so and, after an arrow, how to mend it."""
    mend = f" → {finding.mend}" if finding.mend else ""
    return Text.assemble((f"{finding.level.value:8}", STYLES[finding.level]), finding.what, mend)


def show(findings: Iterable[Finding], console: Console) -> None:
    """Print a line for each finding, with colours where the console has them."""
    for finding in findings:
        console.print(line(finding), soft_wrap=True)
