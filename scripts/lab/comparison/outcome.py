"""What a model has come to, and how it is kept on disk."""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backend import __version__
from model.arrays import FloatArray
from model.files import whole_folder
from model.training.history import Epoch

SHEET, LOGITS = "outcome.json", "logits.npy"


@dataclass(frozen=True, eq=False)
class ModelOutcome:
    """A model that was trained.

    Attributes:
        model: as the person named it.
        logits: float32 (n, k) of all images, those that it learned from included.
        history: its epochs, in order; none where only a head was fitted.
        best_epoch: number of the epoch whose weights these are; None like history.
        settings: how it was trained.
        parameters: numbers that it consists of.
        megabytes: of its weights in memory.
        seconds: of training.
        images_per_second: that it recognises on this machine.
        device: what it ran on, in words.
    """

    model: str
    logits: FloatArray
    history: tuple[Epoch, ...]
    best_epoch: int | None
    settings: dict[str, Any]
    parameters: int
    megabytes: float
    seconds: float
    images_per_second: float
    device: str


@dataclass(frozen=True)
class ModelNotRun:
    """A model that could not be trained.

    Attributes:
        model: as the person named it.
        reason: why, and what to do.
    """

    model: str
    reason: str


@dataclass(frozen=True)
class PlannedModel:
    """A model to be trained, or trained already.

    Attributes:
        model: as the person named it.
        fingerprint: of the data.
        start: digest of the weights that it starts from.
        settings: how it is trained.
    """

    model: str
    fingerprint: str
    start: str
    settings: dict[str, Any]

    @property
    def folder_name(self) -> str:
        """Tells the model to a person, and what made it to us: other data or settings give another name."""
        key = hashlib.blake2b(json.dumps([__version__, asdict(self)], sort_keys=True).encode(), digest_size=6)
        readable = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in self.model)
        return f"{readable[-60:]}-{key.hexdigest()}"


def find(folder: Path, planned: PlannedModel) -> ModelOutcome | None:
    """What an earlier command made of this very plan; what an older release wrote otherwise is none."""
    place = folder / planned.folder_name
    try:
        sheet = json.loads((place / SHEET).read_text())
        history = tuple(Epoch(**epoch) for epoch in sheet.pop("history"))
        return ModelOutcome(logits=np.load(place / LOGITS), history=history, **sheet)
    except (FileNotFoundError, EOFError, ValueError, KeyError, TypeError):
        return None


def save(folder: Path, planned: PlannedModel, outcome: ModelOutcome) -> None:
    """Keep an outcome, whole or not at all."""
    place = folder / planned.folder_name
    # What lies there can't be read, or `find` had found it.
    shutil.rmtree(place, ignore_errors=True)
    sheet = {key: value for key, value in vars(outcome).items() if key not in ("logits", "history")}
    sheet["history"] = [asdict(epoch) for epoch in outcome.history]
    with whole_folder(place) as unfinished:
        (unfinished / SHEET).write_text(json.dumps(sheet, indent=1, ensure_ascii=False))
        np.save(unfinished / LOGITS, outcome.logits)
