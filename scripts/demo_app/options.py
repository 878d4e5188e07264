"""The demo's command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from scripts.cli.arguments import positive

CHECKOUT = Path(__file__).parents[2]


class Order(StrEnum):
    """Which task Label Studio hands out next."""

    LOOP = "loop"
    RANDOM = "random"


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        home: folder that everything is kept in.
        reset: begin anew.
        data: `digits`, a torchvision name, or a path.
        limit: most images, or None for all.
        auto: annotations that the simulated annotator makes, or None for none.
        report: file for the JSON report, or None.
        pace: least seconds that the simulated annotator takes for a task.
        order: of the tasks.
        finetune: annotations after which the backbone is fine-tuned, or None for never.
        seed: of the choice of images, their order, and the backend.
    """

    home: Path
    reset: bool
    data: str
    limit: int | None
    auto: int | None
    report: Path | None
    pace: float
    order: Order
    finetune: int | None
    seed: int


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the process with a usage message where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="./scripts/demo", description="Run the whole loop on this machine until Ctrl-C; run again, it goes on."
    )
    parser.add_argument("--home", type=Path, default=CHECKOUT / ".demo", help="folder for everything (.demo)")
    parser.add_argument("--reset", action="store_true", help="begin anew: delete what the demo made in its folder")
    parser.add_argument(
        "--data",
        default="digits",
        help="digits (no download), a torchvision data set (caltech101, cifar10, …), or a folder per class or its tar",
    )
    parser.add_argument("--limit", type=positive, help="use at most so many images, of each class its share")
    parser.add_argument("--auto", type=positive, metavar="N", help="simulate an annotator who makes N annotations")
    parser.add_argument("--report", type=Path, metavar="FILE", help="with --auto: write a JSON report")
    parser.add_argument("--pace", type=_seconds, default=1.0, help="with --auto: least seconds per task (1.0)")
    parser.add_argument(
        "--order", type=Order, choices=list(Order), default=Order.LOOP, help="order of the tasks (loop)"
    )
    parser.add_argument(
        "--finetune", type=positive, metavar="N", help="with --auto: fine-tune the backbone after N annotations"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the image order and the backend (0)")
    given = parser.parse_args(arguments)
    if given.report is not None and given.auto is None:
        parser.error("--report needs --auto N: only the simulated annotator makes a report")
    if given.finetune is not None and (given.auto is None or given.finetune > given.auto):
        parser.error("--finetune N needs --auto M, with M at least N: it is the simulated annotator who orders it")
    given.home = given.home.expanduser().resolve()
    return Options(**vars(given))


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a time of 0 s or more")
    return seconds
