"""Run the rows of the table."""

from dataclasses import dataclass
from pathlib import Path

import torch

from scripts.lab.backbones import BackboneError
from scripts.lab.comparison.contenders import FROZEN, Contender, Protocol
from scripts.lab.comparison.errors import ComparisonError
from scripts.lab.comparison.figures import ModelFigures
from scripts.lab.comparison.images import Library
from scripts.lab.comparison.models import Place, compare
from scripts.lab.comparison.splitting import parted
from scripts.lab.datasets import DataError
from scripts.lab.reproduction.data import downloaded
from scripts.lab.reproduction.published import PublishedRow, RowSize
from scripts.lab.sources import FoundData

SEED = 0
GPU_NEEDED = "The whole row needs a GPU, which is not here: a CPU takes hours to days. Give --reduced."


@dataclass(frozen=True, eq=False)
class RowRun:
    """A row that was run.

    Attributes:
        row: of the table.
        sample: what it was run on.
        figures: of our model.
        images: used in all.
    """

    row: PublishedRow
    sample: RowSize
    figures: ModelFigures
    images: int

    @property
    def whole(self) -> bool:
        """Whether this is the row itself, not a small one in its place."""
        return self.sample == whole(self.row)


@dataclass(frozen=True)
class RowNotRun:
    """A row that could not be run.

    Attributes:
        row: of the table.
        reason: why, and what to do.
    """

    row: PublishedRow
    reason: str


@dataclass(frozen=True, eq=False)
class RowBench:
    """Where rows are run.

    Attributes:
        reduced: in small.
        given: data that the person has, by name.
        cache: for downloads and decoded images.
        out: for results.
    """

    reduced: bool
    given: dict[str, FoundData]
    cache: Path
    out: Path

    def run(self, row: PublishedRow) -> RowRun | RowNotRun:
        """One row, unless an earlier command ran it.

        Raises:
            Interrupted: Ctrl-C.
        """
        if not self.reduced and not row.model.startswith(FROZEN) and not torch.cuda.is_available():
            return RowNotRun(row, GPU_NEEDED)
        try:
            return self._run(row, row.reduced if self.reduced else whole(row))
        except (BackboneError, ComparisonError, DataError) as problem:
            return RowNotRun(row, str(problem))

    def _run(self, row: PublishedRow, sample: RowSize) -> RowRun | RowNotRun:
        found = self.given.get(row.data) or downloaded(row.data, self.cache / "downloads")
        contender = Contender(row.model, _protocol(sample))
        library = Library(found, sample.images, SEED, self.cache)
        made, missing = compare([contender], library, Place.below(self.out))
        if missing:
            return RowNotRun(row, missing[0].reason)
        ((outcome, data),) = made
        figures = ModelFigures.of(outcome, data.targets, data.classes, parted(data, SEED))
        return RowRun(row, sample, figures, len(data.targets))


def whole(row: PublishedRow) -> RowSize:
    """The row as it stands in the table."""
    return RowSize(row.images)


def _protocol(sample: RowSize) -> Protocol:
    return Protocol(
        epochs=sample.epochs, augment="flip", resample="none", resolution=sample.resolution, seed=SEED,
        weights="pretrained",
    )  # fmt: skip
