"""All that a report is made of: the models' figures, and the data that they were measured on."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from backend import __version__
from model.arrays import IntArray
from model.training.splits import TrainingSplit
from scripts.lab.comparison import speed
from scripts.lab.comparison.contenders import Protocol
from scripts.lab.comparison.figures import ModelFigures
from scripts.lab.comparison.images import LabelledImages, Pixels
from scripts.lab.comparison.outcome import ModelNotRun, ModelOutcome
from scripts.lab.comparison.splitting import parted


@dataclass(frozen=True, eq=False)
class JudgedModels:
    """Models side by side.

    Attributes:
        models: that were run, at least one, in the order that the person named them.
        missing: that could not be run.
        images: uint8 (n, 3, s, s), what each model looked at, by its name.
        targets: (n,) index into `classes`.
        classes: names.
        split: of the n images.
        settings: what made it, for a reader; no secret is in it, and no folder of this machine.
    """

    models: tuple[ModelFigures, ...]
    missing: tuple[ModelNotRun, ...]
    images: Mapping[str, Pixels]
    targets: IntArray
    classes: tuple[str, ...]
    split: TrainingSplit
    settings: dict[str, Any]

    @classmethod
    def of(
        cls,
        outcomes: Sequence[tuple[ModelOutcome, LabelledImages]],
        missing: Sequence[ModelNotRun],
        protocol: Protocol,
    ) -> Self:
        """Measure models.

        Args:
            outcomes: at least one, each with what it looked at: the same images, if of another side.
            missing: models that could not be run.
            protocol: how all were trained.
        """
        data = outcomes[0][1]
        split = parted(data, protocol.seed)
        return cls(
            models=tuple(ModelFigures.of(outcome, data.targets, data.classes, split) for outcome, _ in outcomes),
            missing=tuple(missing),
            images={outcome.model: looked_at.images for outcome, looked_at in outcomes},
            targets=data.targets,
            classes=data.classes,
            split=split,
            settings=_settings(data, protocol, split, outcomes[0][0].device),
        )

    @property
    def parts(self) -> dict[str, IntArray]:
        """Class of each image of a part, by its name."""
        return {name: self.targets[rows] for name, rows in vars(self.split).items()}


def _settings(data: LabelledImages, protocol: Protocol, split: TrainingSplit, device: str) -> dict[str, Any]:
    return {
        "data": data.name,
        "images": len(data.targets),
        "classes": len(np.unique(data.targets)),
        **{name: len(rows) for name, rows in vars(split).items()},
        "test_images": "drawn from all" if data.test is None else "the data's own",
        "near_duplicates": data.near_duplicates,
        "epochs": protocol.epochs or f"by default on {speed.kind()}",
        "augment": protocol.augment,
        "resample": protocol.resample,
        "resolution": protocol.resolution or "each network's own",
        "seed": protocol.seed,
        "weights": protocol.weights,
        "fingerprint": data.fingerprint,
        "device": device,
        "version": __version__,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
