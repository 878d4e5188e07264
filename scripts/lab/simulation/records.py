"""Finished runs on disk: a JSON file each, found again by what made it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from backend import __version__
from scripts.lab.files import write
from scripts.lab.simulation import peers
from scripts.lab.simulation.curve import CurvePoint
from scripts.lab.simulation.replay import RunOptions
from scripts.lab.simulation.splits import SplitOptions

CHECKOUT = Path(__file__).parents[3]
CODE = (
    "backend/store/dataset.py",
    "backend/loop/*.py",
    "model/**/*.py",
    *(f"scripts/lab/simulation/{name}.py" for name in ("curve", "foreign", "peers", "replay", "serving", "splits")),
)
"""What a run executes."""


@dataclass(frozen=True)
class PlannedRun:
    """A run to be made, or made already.

    Attributes:
        fingerprint: of the data.
        split: how the data are split.
        options: of the run.
    """

    fingerprint: str
    split: SplitOptions
    options: RunOptions

    @property
    def file_name(self) -> str:
        """Tells the run to a person, and what made it to us: other data or options give another name."""
        made_by = json.dumps([__version__, asdict(self)], sort_keys=True)
        key = hashlib.blake2b(made_by.encode(), digest_size=6).hexdigest()
        strategy = self.options.strategy.replace(":", "-")
        return f"{strategy}-split{self.options.split}-seed{self.options.seed}-{key}.json"


@dataclass(frozen=True)
class RunRecord:
    """A finished run.

    Attributes:
        options: that made it.
        code: digest of the code that made it.
        curve: in order of labels.
    """

    options: RunOptions
    code: str
    curve: tuple[CurvePoint, ...]

    @property
    def peer(self) -> str | None:
        """The other library whose strategy this is, or None for ours."""
        return peers.LIBRARY if peers.is_peer(self.options.strategy) else None

    def to_target(self, target: float) -> int | None:
        """Labels at the first measurement with this accuracy; None where it is not reached."""
        return next((point.labels for point in self.curve if (point.accuracy or 0.0) >= target), None)

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists, numbers and texts."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Put together what `to_json` took apart."""
        curve = tuple(CurvePoint(**point) for point in content["curve"])
        return cls(RunOptions(**content["options"]), content["code"], curve)


def find(folder: Path, planned: PlannedRun) -> RunRecord | None:
    """The record of this very run, if an earlier command finished it.

    One that an older release wrote otherwise is none.
    """
    try:
        return RunRecord.from_json(json.loads((folder / planned.file_name).read_text()))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def save(folder: Path, planned: PlannedRun, curve: Iterable[CurvePoint]) -> RunRecord:
    """Write a finished run, whole or not at all."""
    record = RunRecord(planned.options, code_digest(), tuple(curve))
    write(folder / planned.file_name, json.dumps(record.to_json(), indent=1))
    return record


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Of the code that a run executes, as this process found it."""
    digest = hashlib.blake2b(digest_size=6)
    for file in sorted(file for pattern in CODE for file in CHECKOUT.glob(pattern)):
        digest.update(file.read_bytes())
    return digest.hexdigest()
