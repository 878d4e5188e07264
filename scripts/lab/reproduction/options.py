"""The reproduction's command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.cli.arguments import add_places


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        reduced: rows in small, for a CPU.
        data: paths of data sets.
        cache: folder for downloads and decoded images.
        out: folder for the results.
    """

    reduced: bool
    data: tuple[str, ...]
    cache: Path
    out: Path


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the process with a usage message where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="./scripts/reproduce",
        description="Published figures for image classification, and ours beside them. Whole runs need a GPU.",
    )
    parser.add_argument(
        "--reduced", action="store_true", help="few images and epochs, for a CPU: 20 minutes on two cores"
    )
    parser.add_argument(
        "--data",
        nargs="+",
        default=(),
        metavar="PATH",
        help="Caltech-101, CIFAR-10 or CIFAR-100, each a folder per class or a tar of one (torchvision's downloads)",
    )
    add_places(parser, "compare", "reproduction")
    given = parser.parse_args(arguments)
    given.data = tuple(given.data)
    return Options(**vars(given))
