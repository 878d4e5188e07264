"""The command line of `./scripts/trust`."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.cli.arguments import positive
from scripts.lab.trust.kinds import KINDS


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        projects: how many are simulated for each kind of promise.
        only: kinds of promises, in the order of `KINDS`.
        features: `.npz` of real images' features and classes, or None for drawn ones.
        seed: of the first project; the others' follow.
        jobs: processes.
        out: file for the JSON, or None.
    """

    projects: int
    only: tuple[str, ...]
    features: Path | None
    seed: int
    jobs: int
    out: Path | None


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the process with a usage message where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="./scripts/trust",
        description="Simulate projects whose truth is known, and count how often what we say of them holds.",
    )
    parser.add_argument("--projects", type=positive, default=200, help="how many (200)")
    parser.add_argument("--only", nargs="+", choices=tuple(KINDS), default=tuple(KINDS), help="kinds of promises")
    parser.add_argument("--features", type=Path, metavar="FILE", help=".npz of X and y; drawn images without it")
    parser.add_argument("--seed", type=int, default=0, help="of the first project (0)")
    parser.add_argument("--jobs", type=positive, default=os.cpu_count(), help="processes (one a core)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write every project's answers as JSON")
    given = parser.parse_args(arguments)
    if given.features is not None and not given.features.is_file():
        parser.error(f"--features: there is no file {given.features}")
    given.only = tuple(name for name in KINDS if name in given.only)
    return Options(**vars(given))
