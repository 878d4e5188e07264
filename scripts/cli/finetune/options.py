"""The command line of `./scripts/finetune`."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from model.errors import InputError
from model.training.recipe import Recipe, read_recipe
from scripts.cli.arguments import add_project, positive


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        backend: its address.
        project: number in Label Studio.
        network: to train; empty for the backbone that the backend's settings name.
        training: settings of the training that are not to be the default.
        fresh: begin with pretrained weights, though there is a fine-tuned backbone.
        cancel: end the one that is under way.
        undo: go back to the backbone of before.
        status: only say how far it is.
        wait: until it is done.
    """

    backend: str
    project: int
    network: str
    training: dict[str, Any]
    fresh: bool
    cancel: bool
    undo: bool
    status: bool
    wait: bool


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the process with a usage message where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="./scripts/finetune",
        description="Train the project's backbone on its labels, as a job beside the loop. What comes of it is used "
        "only where it is right more often than the one in use, on labels that neither learned from.",
    )
    add_project(parser)
    parser.add_argument("--recipe", type=Path, metavar="FILE", help="network and settings: best.json of ./scripts/tune")
    parser.add_argument("--network", default="", help="another network than the backend's BACKBONE, such as resnet50")
    parser.add_argument("--epochs", type=positive, help="at most, in all")
    parser.add_argument("--blocks", type=int, help="how many blocks from the top are trained (all)")
    parser.add_argument("--resolution", type=positive, help="side of the images in pixels (the network's own)")
    parser.add_argument("--augment", choices=("none", "flip", "light", "strong", "randaugment"), help="(flip)")
    parser.add_argument("--fresh", action="store_true", help="begin with pretrained weights, not with the last version")
    parser.add_argument("--no-wait", action="store_true", help="order it and leave")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--status", action="store_true", help="only say how far it is")
    instead.add_argument("--cancel", action="store_true", help="end the one that is under way")
    instead.add_argument("--undo", action="store_true", help="go back to the backbone of before")
    given = parser.parse_args(arguments)
    try:
        network, training = _recipe(given)
    except InputError as error:
        parser.error(str(error))
    return Options(
        backend=given.backend,
        project=given.project,
        network=network,
        training=training,
        fresh=given.fresh,
        cancel=given.cancel,
        undo=given.undo,
        status=given.status,
        wait=not given.no_wait,
    )


def _recipe(given: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """Network and settings: those of the file, but for what the command line says.

    Raises:
        InputError: a file that holds no recipe, or settings out of their range.
    """
    said = {
        "epochs": given.epochs,
        "unfrozen_blocks": given.blocks,
        "resolution": given.resolution,
        "augmentation": given.augment,
    }
    training = {name: value for name, value in said.items() if value is not None}
    network = given.network
    if given.recipe is not None:
        recipe = read_recipe(given.recipe)
        network, training = network or recipe.network, asdict(recipe.options) | training
    Recipe.from_json({"model": network or "any", "options": training})
    return network, training
