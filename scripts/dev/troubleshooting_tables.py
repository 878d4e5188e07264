"""The tables of docs/troubleshooting.md, made from what the backend says."""

from backend.causes.kinds import EXPLANATIONS
from backend.web.health.problem import KINDS, Severity


def problems_table() -> str:
    """Each kind of problem of `/health`: its code, what it means, what to do."""
    problems = [(kind, of) for kind, of in KINDS.items() if of.level is Severity.PROBLEM]
    notes = [(kind, of) for kind, of in KINDS.items() if of.level is Severity.NOTE]
    rows = [f"| `{kind}` | {of.meaning} | {of.mend} |" for kind, of in problems]
    remarks = [f"| `{kind}` (note) | {of.meaning} | {of.mend} |" for kind, of in notes]
    return "\n".join(["| code | what is so | what to do |", "|---|---|---|", *rows, *remarks, ""])


def causes_table() -> str:
    """Each cause: its code, what is wrong, what to do."""
    rows = [f"| `{kind}` | {of.meaning} | {_shown(of.mend)} |" for kind, of in EXPLANATIONS.items()]
    return "\n".join(["| code | what is wrong | what to do |", "|---|---|---|", *rows, ""])


def _shown(text: str) -> str:
    """A text in a cell of a table."""
    return text.replace("|", "\\|")
