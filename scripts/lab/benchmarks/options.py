"""The benchmarks' command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.cli.arguments import positive

CHECKOUT = Path(__file__).parents[3]
NAMES = ("embedding", "retrain", "rerank", "start", "predict", "webhook", "cycle")
LONG = ("warm-start", "few-labels")
"""Run only where they are asked for: they train networks for some ten minutes each, on photographs."""
LEAST_TASKS = 200


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        only: names of the benchmarks to run, in the order of `NAMES`, then `LONG`.
        caltech: Caltech-101, or any other folder per class or tar of one; None for drawn images.
        tasks: sizes of the projects that the cycle is measured on.
        labels: tasks labelled before the cycle is measured, at most half of the project.
        submits: cycles that are measured for each size.
        postgres: measure the cycle with Label Studio on PostgreSQL as well.
        out: file for the JSON, or None.
        markdown: file for the table in Markdown, or None.
        home: folder for data; what takes long to make is kept there.
    """

    only: tuple[str, ...]
    caltech: Path | None
    tasks: tuple[int, ...]
    labels: int
    submits: int
    postgres: bool
    out: Path | None
    markdown: Path | None
    home: Path


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the process with a usage message where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="./scripts/benchmark", description="Measure on this machine and compare with the targets."
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=(*NAMES, *LONG),
        default=NAMES,
        metavar="NAME",
        help=f"{' '.join(NAMES)} (these); {' '.join(LONG)}",
    )
    parser.add_argument(
        "--caltech", type=Path, help="Caltech-101 as a tar or folder, a folder per class in it (drawn images)"
    )
    parser.add_argument("--tasks", nargs="+", type=_tasks, default=(1000, 8677), help="sizes for the cycle (1000 8677)")
    parser.add_argument("--labels", type=positive, default=500, help="labels before the cycle is measured (500)")
    parser.add_argument("--submits", type=positive, default=15, help="cycles measured for each size (15)")
    parser.add_argument("--postgres", action="store_true", help="the cycle also with Label Studio on PostgreSQL")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write all figures and details as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table in Markdown")
    parser.add_argument("--home", type=Path, default=CHECKOUT / ".benchmark", help="folder for data (.benchmark)")
    given = parser.parse_args(arguments)
    if given.caltech is not None and not given.caltech.exists():
        parser.error(f"--caltech: there is no {given.caltech}")
    if given.caltech is None and (asked := [name for name in LONG if name in given.only]):
        parser.error(f"{' and '.join(asked)} can't do without photographs: give them with --caltech")
    given.only = tuple(name for name in (*NAMES, *LONG) if name in given.only)
    given.tasks = tuple(given.tasks)
    given.home = given.home.expanduser().resolve()
    return Options(**vars(given))


def _tasks(text: str) -> int:
    number = int(text)
    if number < LEAST_TASKS:
        raise argparse.ArgumentTypeError(f"{text} is below {LEAST_TASKS}: too few to say anything of a queue")
    return number
