"""What was measured, as a table for a terminal, as Markdown, and as JSON."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scripts.lab.benchmarks.figures import Figure, Measured
from scripts.lab.tables import Table

HEADER = ("measure", "figure", "target", "met")
LIBRARIES = ("numpy", "onnxruntime", "torch", "lancedb")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def table(outcomes: Mapping[str, Measured]) -> Table:
    """A row for each figure."""
    return Table("", HEADER, tuple(_rows(outcomes)))


def markdown(outcomes: Mapping[str, Measured], about: Mapping[str, Any]) -> str:
    """The figures as a table in Markdown, with what they were measured on."""
    return "\n".join(
        [
            table(outcomes).markdown(),
            "",
            f"Measured on {'; '.join(f'{key} {value}' for key, value in about.items())}.",
            "",
        ]
    )


def write_json(outcomes: Mapping[str, Measured], about: Mapping[str, Any], path: Path) -> None:
    """All figures and details, by benchmark."""
    content = {
        "machine": dict(about),
        "benchmarks": {
            name: {
                "figures": [asdict(figure) | {"met": figure.met} for figure in outcome["figures"]],
                "details": outcome["details"],
            }
            for name, outcome in outcomes.items()
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _rows(outcomes: Mapping[str, Measured]) -> Sequence[tuple[str, ...]]:
    return [_row(figure) for outcome in outcomes.values() for figure in outcome["figures"]]


def _row(figure: Figure) -> tuple[str, ...]:
    target = ""
    if figure.target is not None:
        target = f"{'≥' if figure.at_least else '≤'} {_number(figure.target)} {figure.unit}".strip()
    met = {True: "yes", False: "NO", None: ""}[figure.met]
    return figure.measure, f"{_number(figure.value)} {figure.unit}".strip(), target, met


def _number(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name"))
    return next(named, platform.machine())
