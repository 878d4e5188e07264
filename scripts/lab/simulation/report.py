"""What the runs showed, as JSON and CSV."""

import csv
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from io import StringIO
from typing import Any

from backend import __version__
from scripts.lab.simulation.curve import CurvePoint
from scripts.lab.simulation.labelled import LabelledData
from scripts.lab.simulation.options import SimulationOptions
from scripts.lab.simulation.records import RunRecord

UNTOLD = ("token", "cache", "out", "weights", "resolution", "peers")
"""Options that are a secret, a folder of this machine, or said by another key."""


def about(options: SimulationOptions, data: LabelledData, backbone: str | None) -> dict[str, Any]:
    """What made the results: options, data, versions. No secret is in it, and no folder of this machine.

    Args:
        options: that the person gave.
        data: that were simulated on.
        backbone: version; None where the data came as features.
    """
    given = {key: value for key, value in asdict(options).items() if key not in UNTOLD}
    return given | {
        "data": data.name,
        "images": len(data.targets),
        "classes": len(data.classes),
        "fingerprint": data.fingerprint,
        "backbone": backbone,
        "version": __version__,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }


def as_json(records: Sequence[RunRecord], targets: Sequence[float], settings: Mapping[str, Any]) -> str:
    """`runs` and `settings`; the issue that asked for the simulation fixes their names."""
    runs = [
        {
            "strategy": record.options.strategy,
            "peer": record.peer,
            "split": record.options.split,
            "seed": record.options.seed,
            "curve": [asdict(point) for point in record.curve],
            "to_target": {f"{target:g}": record.to_target(target) for target in targets},
            "code": record.code,
        }
        for record in records
    ]
    return json.dumps({"runs": runs, "settings": dict(settings)}, indent=1, ensure_ascii=False) + "\n"


def as_csv(records: Sequence[RunRecord]) -> str:
    """A line for each measurement."""
    columns = [field.name for field in fields(CurvePoint)]
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["strategy", "peer", "split", "seed", *columns])
    for record in records:
        options = record.options
        head = [options.strategy, record.peer or "", options.split, options.seed]
        writer.writerows([*head, *(getattr(point, column) for column in columns)] for point in record.curve)
    return text.getvalue()
