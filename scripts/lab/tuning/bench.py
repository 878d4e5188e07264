"""What every trial is made on: the images, their split, and the search space."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from model.training.splits import TrainingSplit
from scripts.lab.comparison.images import LabelledImages
from scripts.lab.comparison.splitting import parted
from scripts.lab.tuning.space import Space


@dataclass(frozen=True, eq=False)
class Bench:
    """Where settings are tried.

    Attributes:
        data: images with a class, at the largest resolution of the space or smaller.
        space: of the settings; its seed splits the images, too.
    """

    data: LabelledImages
    space: Space

    @cached_property
    def split(self) -> TrainingSplit:
        """The images that train, those that choose between trials, and those that judge the choice."""
        return parted(self.data, self.space.start.recipe.options.seed)

    @cached_property
    def fingerprint(self) -> str:
        """Which images these are and which stay together, hexadecimal; whatever the files' times, on any machine."""
        data = self.data
        sha = hashlib.blake2b(repr((data.classes, data.images.shape)).encode(), digest_size=8)
        further = [part for part in (data.test, data.groups) if part is not None]
        for part in (data.targets, *data.images, *further):
            sha.update(part.tobytes())
        return sha.hexdigest()

    def made_of(self) -> dict[str, Any]:
        """What trials must have in common to be compared, wherever they are made."""
        default = self.space.start.recipe
        return {
            "model": default.network,
            "data": self.fingerprint,
            "epochs": default.options.epochs,
            "seed": default.options.seed,
            "defaults": default.to_json(),
            "search space": self.space.to_json(),
        }
