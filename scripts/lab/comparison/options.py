"""The comparison's command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from model.backbone.backbone import PRETRAINED
from model.networks.weights import NONE
from model.training.options import Augmentation, Resampling
from scripts.cli.arguments import add_data, add_places, positive, seed, token
from scripts.lab.comparison.defaults import CPU, GPU

MODELS = "efficientnet-lite0,alexnet-scratch,cnn-small"


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        data: where the labelled images are.
        models: names, each once.
        images: most of them, of each class its share; None for all.
        epochs: of each model; None for what goes with the device.
        augment: of training images.
        resample: against classes of unequal size.
        resolution: side in pixels; None for each network's own.
        seed: of the choice of images, the split, and the training.
        weights: `pretrained`, `none`, or a file.
        token: for Label Studio.
        cache: folder for decoded images.
        out: folder for the results.
    """

    data: str
    models: tuple[str, ...]
    images: int | None
    epochs: int | None
    augment: Augmentation
    resample: Resampling
    resolution: int | None
    seed: int
    weights: str
    token: str
    cache: Path
    out: Path


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the process with a usage message where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="./scripts/compare",
        description="Train and judge models side by side, on one split of your images.",
    )
    add_data(parser)
    parser.add_argument(
        "--models",
        type=_names,
        default=MODELS,
        help=f"names, with commas; frozen:NAME fits our head to the network's features ({MODELS})",
    )
    parser.add_argument("--images", type=positive, metavar="N", help="use so many, of each class its share (all)")
    parser.add_argument(
        "--epochs",
        type=positive,
        metavar="N",
        help=f"of each model (pretrained {CPU.pretrained}, from scratch {CPU.scratch}; on a GPU {GPU.pretrained} and "
        f"{GPU.scratch})",
    )
    parser.add_argument("--augment", choices=get_args(Augmentation), default="flip", help="training images (flip)")
    parser.add_argument("--resample", choices=get_args(Resampling), default="none", help="for unequal classes (none)")
    parser.add_argument("--resolution", type=positive, metavar="N", help="side in pixels (each network's own)")
    parser.add_argument("--seed", type=seed, default=0, help="of images, split and training (0)")
    parser.add_argument("--weights", default=PRETRAINED, help=f"{PRETRAINED}, {NONE}, or a file for the one model")
    add_places(parser, "compare", "comparison")
    given = parser.parse_args(arguments)
    if given.weights not in (PRETRAINED, NONE) and len(given.models) > 1:
        parser.error(f"the weights of {given.weights} are of one network: name it alone with --models")
    given.token = token(given.token)
    return Options(**vars(given))


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} holds an empty name")
    return names
