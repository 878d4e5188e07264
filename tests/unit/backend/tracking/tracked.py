"""Things to track, for tests."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from backend.tracking.outbox import Tracked

ENDED = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def tracked(folder: Path, **changes: Any) -> Tracked:
    """A fit with all that there is to a tracked thing: its model is a file and a folder.

    Args:
        folder: that the model lies in; made here.
        changes: attributes that are others.
    """
    head, network = folder / "head.safetensors", folder / "network"
    network.mkdir(parents=True, exist_ok=True)
    head.write_bytes(b"head")
    (network / "network.json").write_text("{}")
    whole: dict[str, Any] = {
        "experiment": "Birds",
        "name": "v1",
        "kind": "head",
        "started": ENDED - timedelta(seconds=1),
        "ended": ENDED,
        "settings": {"seed": 0, "strategy": "auto", "share": 0.1, "resolution": None},
        "metrics": {"accuracy": 0.5},
        "curves": {"loss": [(1, 2.0), (2, 1.5)]},
        "confusion": {("wren", "tit"): 2},
        "tags": {"version": "v1"},
        "artefacts": [head, network],
    }
    return Tracked(**{**whole, **changes})
