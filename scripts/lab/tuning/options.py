"""The search's command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.settings import load
from scripts.cli.arguments import positive, seed
from scripts.lab.comparison.defaults import CPU, GPU

CHECKOUT = Path(__file__).parents[3]
TRIALS, REPEATS = 30, 3


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        data: where the labelled images are.
        model: name of the network.
        trials: how many the study is to have in all.
        epochs: of each training; None for what goes with the device.
        images: most of them, of each class its share; None for all.
        repeats: trainings, each with another seed, that judge the best setting, and as many the defaults.
        workers: processes that train at a time.
        storage: address of the study's database; None for a file in `out`.
        study: its name there; None for the model's.
        seed: of the choice of images, the split, the search, and the training.
        token: for Label Studio.
        cache: folder for decoded images.
        out: folder for the results.
    """

    data: str
    model: str
    trials: int
    epochs: int | None
    images: int | None
    repeats: int
    workers: int
    storage: str | None
    study: str | None
    seed: int
    token: str
    cache: Path
    out: Path


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the process with a usage message where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="./scripts/tune",
        description="Search for the setting that trains a network best on your images.",
    )
    parser.add_argument(
        "data",
        metavar="DATA",
        help="a folder per class, a tar of one, a torchvision data set (cifar10, …), digits, or a labelled Label "
        "Studio project (http://host:8080/projects/3)",
    )
    parser.add_argument("--model", required=True, help="any network that ./scripts/compare trains: cnn-small, …")
    parser.add_argument("--trials", type=positive, default=TRIALS, metavar="N", help=f"of the study in all ({TRIALS})")
    parser.add_argument(
        "--epochs",
        type=positive,
        metavar="N",
        help=f"of each training (pretrained {CPU.pretrained}, from scratch {CPU.scratch}; on a GPU {GPU.pretrained} "
        f"and {GPU.scratch})",
    )
    parser.add_argument("--images", type=positive, metavar="N", help="use so many, of each class its share (all)")
    parser.add_argument(
        "--repeats",
        type=positive,
        default=REPEATS,
        metavar="N",
        help=f"trainings that judge the best setting, and the defaults, on the test images ({REPEATS})",
    )
    parser.add_argument("--workers", type=positive, default=1, metavar="N", help="processes that train at a time (1)")
    parser.add_argument("--storage", metavar="URL", help="SQLAlchemy's or redis://… (SQLite, in the folder of --out)")
    parser.add_argument("--study", metavar="NAME", help="its name in the storage (the model's)")
    parser.add_argument("--seed", type=seed, default=0, help="of images, split, search and training (0)")
    parser.add_argument("--token", help="for Label Studio (LABEL_STUDIO_API_KEY)")
    parser.add_argument("--cache", type=Path, default=CHECKOUT / ".cache" / "compare", help="(.cache/compare)")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "tuning", metavar="DIR", help="(tuning)")
    given = parser.parse_args(arguments)
    given.token = given.token or load().label_studio_api_key
    return Options(**vars(given))
