"""The simulation's command line."""

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from model.backbone.backbone import PRETRAINED, Origin, check_name
from model.errors import InputError
from model.rank.registry import NAMES
from scripts.cli.arguments import add_data, add_places, positive, token
from scripts.lab.simulation import peers

DEFAULT_BACKBONE = "efficientnet-lite0"
DEFAULT_STRATEGIES = "auto,margin,random"

T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        data: where the labelled images are.
        backbone: that they are embedded by.
        strategies: names, each once, peers included.
        seeds: each once.
        splits: numbers of the splits, each once.
        batch: labels between two versions.
        budget: labels in all.
        targets: accuracies in (0, 1), ascending.
        random_arm: share of the tasks in the holdout.
        test: share of the images that is tested on, where the data set none aside.
        pool: images to label in each split, or None for all others.
        evaluate_every: labels between two measurements.
        stop_at_targets: a run ends at the highest target.
        jobs: processes.
        token: for Label Studio.
        cache: folder for what takes long to make.
        out: folder for the results.
    """

    data: str
    backbone: Origin
    strategies: tuple[str, ...]
    seeds: tuple[int, ...]
    splits: tuple[int, ...]
    batch: int
    budget: int
    targets: tuple[float, ...]
    random_arm: float
    test: float
    pool: int | None
    evaluate_every: int
    stop_at_targets: bool
    jobs: int
    token: str
    cache: Path
    out: Path


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the process with a usage message where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="./scripts/simulate",
        description="Replay labelling on labelled images: how many labels each strategy needs.",
    )
    add_data(parser, "an .npz of X and y")
    parser.add_argument("--backbone", type=_network, default=DEFAULT_BACKBONE, help=f"as BACKBONE ({DEFAULT_BACKBONE})")
    parser.add_argument("--weights", default=PRETRAINED, help=f"as BACKBONE_WEIGHTS ({PRETRAINED})")
    parser.add_argument("--resolution", type=positive, metavar="N", help="as BACKBONE_RESOLUTION (the network's own)")
    parser.add_argument("--strategies", type=_names, default=DEFAULT_STRATEGIES, help=f"({DEFAULT_STRATEGIES})")
    parser.add_argument("--peers", choices=(peers.LIBRARY,), help="also the strategies of this library")
    parser.add_argument("--seeds", type=_numbers, default="0", help="a run for each: 0,1 (0)")
    parser.add_argument("--splits", type=_numbers, default="0,1,2", help="into pool and test images: 0,1 (0,1,2)")
    parser.add_argument("--batch", type=positive, default=50, help="labels between two versions (50)")
    parser.add_argument("--budget", type=positive, default=500, help="labels in all (500)")
    parser.add_argument("--targets", type=_shares, default="0.9,0.94", help="accuracies (0.9,0.94)")
    parser.add_argument("--random-arm", type=_share, default=0.0, metavar="SHARE", help="holdout's share (0)")
    parser.add_argument("--test", type=_inner_share, default=0.15, metavar="SHARE", help="tested on (0.15)")
    parser.add_argument("--pool", type=positive, metavar="N", help="images to label in each split (all others)")
    parser.add_argument("--evaluate-every", type=positive, metavar="LABELS", help="measure so often (each batch)")
    parser.add_argument("--stop-at-targets", action="store_true", help="end a run at the highest target")
    parser.add_argument("--jobs", type=positive, default=_cores(), help="runs at a time (one a core)")
    add_places(parser, "simulate", "simulation")
    given = parser.parse_args(arguments)
    added = peers.NAMES if given.peers else ()
    given.strategies = tuple(dict.fromkeys([*given.strategies, *added]))
    given.evaluate_every = given.evaluate_every or given.batch
    given.token = token(given.token)
    given.backbone = Origin(given.backbone, given.weights, given.resolution)
    del given.peers, given.weights, given.resolution
    return Options(**vars(given))


def _network(text: str) -> str:
    try:
        check_name(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _names(text: str) -> tuple[str, ...]:
    known = (*NAMES, *peers.NAMES)
    for name in _parts(text, str):
        if name not in known:
            raise argparse.ArgumentTypeError(f"there is no strategy {name!r}; choose of {', '.join(known)}")
    return _parts(text, str)


def _numbers(text: str) -> tuple[int, ...]:
    numbers = _parts(text, int)
    if min(numbers) < 0:
        raise argparse.ArgumentTypeError(f"{min(numbers)} is below 0")
    return numbers


def _shares(text: str) -> tuple[float, ...]:
    return tuple(sorted(_parts(text, _inner_share)))


def _parts(text: str, kind: Callable[[str], T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(kind(part.strip()) for part in text.split(",")))


def _share(text: str) -> float:
    share = float(text)
    if not 0.0 <= share <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not a share from 0 to 1")
    return share


def _inner_share(text: str) -> float:
    share = _share(text)
    if share in (0.0, 1.0):
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return share


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
