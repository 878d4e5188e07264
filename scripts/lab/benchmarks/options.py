"""The options of benchmark."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scripts.cli.commands import UsageError
from scripts.cli.options import CHECKOUT, Report, existing_path


class BenchmarkName(StrEnum):
    """What can be measured."""

    EMBEDDING = "embedding"
    RETRAIN = "retrain"
    RERANK = "rerank"
    START = "start"
    PREDICT = "predict"
    WEBHOOK = "webhook"
    CYCLE = "cycle"
    PREDICTIONS = "predictions"
    WARM_START = "warm-start"
    FEW_LABELS = "few-labels"


LONG = (BenchmarkName.WARM_START, BenchmarkName.FEW_LABELS)
"""Run only where they are asked for: they train networks for some ten minutes each, on photographs."""
NAMES = tuple(name for name in BenchmarkName if name not in (*LONG, BenchmarkName.PREDICTIONS))
"""Run where none is named; counting predictions takes as long as labelling does."""
LEAST_TASKS = 200
"""Fewer say nothing of a queue."""


@dataclass(frozen=True, kw_only=True)
class BenchmarkOptions:
    """What is measured, and on what.

    Raises:
        UsageError: a benchmark that needs photographs is asked for without them.
    """

    only: Annotated[
        list[BenchmarkName], typer.Option(help="Benchmarks to run, several in a row.", show_default=" ".join(NAMES))
    ] = field(default_factory=lambda: list(NAMES))
    caltech: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            callback=existing_path,
            help="Caltech-101, or other photographs, as a folder per class or a tar of one.",
            show_default="drawn images",
        ),
    ] = None
    tasks: Annotated[
        list[int],
        typer.Option(min=LEAST_TASKS, metavar="N", help="Sizes of the projects for the cycle, several in a row."),
    ] = field(default_factory=lambda: [1000, 8677])
    labels: Annotated[
        int, typer.Option(min=1, metavar="N", help="Labels before the cycle is measured, at most half of the tasks.")
    ] = 500
    submits: Annotated[int, typer.Option(min=1, metavar="N", help="Cycles that are measured for each size.")] = 15
    postgres: Annotated[bool, typer.Option("--postgres", help="The cycle also with Label Studio on PostgreSQL.")] = (
        False
    )
    out: Report = None
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table in Markdown.")] = None
    home: Annotated[Path, typer.Option(metavar="DIR", help="Folder for data.")] = CHECKOUT / ".benchmark"

    def __post_init__(self) -> None:
        asked = [name for name in LONG if name in self.only]
        if asked and self.caltech is None:
            raise UsageError(f"{' and '.join(asked)} can't do without photographs: give them with --caltech.")

    @property
    def chosen(self) -> tuple[BenchmarkName, ...]:
        """Benchmarks to run, in their own order."""
        return tuple(name for name in BenchmarkName if name in self.only)
