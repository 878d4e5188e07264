"""What was found, as a table and as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scripts.lab.tables import Table
from scripts.lab.trust.promise import Answer, Tally

HEADER = ("promise", "held", "share, 95 % interval", "at least", "kept")


def table(tallies: Sequence[Tally]) -> Table:
    """A row for each promise."""
    return Table("", HEADER, tuple(_row(tally) for tally in tallies))


def write_json(tallies: Sequence[Tally], answers: Sequence[Answer], settings: Mapping[str, Any], path: Path) -> None:
    """The settings, the counts, and every answer."""
    content = {
        "settings": dict(settings),
        "promises": [
            asdict(tally) | {"share": None if tally.share is None else asdict(tally.share), "kept": tally.kept}
            for tally in tallies
        ],
        "answers": [asdict(answer) for answer in answers],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _row(tally: Tally) -> tuple[str, ...]:
    share = tally.share
    found = "never given" if share is None else f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"
    counts = f"{tally.held} of {tally.given}"
    if tally.given < tally.projects:
        counts += f" ({tally.projects - tally.given} without)"
    return tally.promise.text, counts, found, f"{tally.promise.least:.1%}", "yes" if tally.kept else "NO"
