"""What a check found: one line of what is, and where something is wrong, one of how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


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


COLOURS = {Level.OK: "\033[32m", Level.WARNING: "\033[33m", Level.ERROR: "\033[31m"}
PLAIN = "\033[0m"


def show(finding: Finding, *, colours: bool) -> str:
    """One line for a person: what is so and, after an arrow, how to mend it."""
    name = f"{finding.level.value:8}"
    label = f"{COLOURS[finding.level]}{name}{PLAIN}" if colours else name
    line = f"{label}{finding.what}"
    return f"{line} → {finding.mend}" if finding.mend else line
