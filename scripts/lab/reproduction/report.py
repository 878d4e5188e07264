"""What the reproduction showed, as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from backend import __version__
from scripts.lab.reproduction.rows import RowNotRun, RowRun
from scripts.lab.reproduction.tables import met


def as_json(results: Sequence[RowRun | RowNotRun], reduced: bool) -> str:
    """`reduced`, `version`, and `rows`: the published figure, ours or null, and why not where it is null."""
    rows = [asdict(each.row) | (_ours(each) if isinstance(each, RowRun) else _none(each)) for each in results]
    return json.dumps({"reduced": reduced, "version": __version__, "rows": rows}, indent=1, ensure_ascii=False) + "\n"


def _ours(ran: RowRun) -> dict[str, Any]:
    test = ran.figures.parts["test"]
    outcome = ran.figures.outcome
    return {
        "ours": {f"top{top}": None if found is None else asdict(found) for top, found in test.tops.items()},
        "whole": ran.whole,
        "met": met(ran),
        "images": ran.images,
        "test_images": test.images,
        "epochs": len(outcome.history),
        "settings": outcome.settings,
        "seconds": outcome.seconds,
        "device": outcome.device,
        "not_run": None,
    }


def _none(missing: RowNotRun) -> dict[str, Any]:
    return {"ours": None, "not_run": missing.reason}
