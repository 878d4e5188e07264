"""Command-line arguments that several commands take, and types of some."""

import argparse
from pathlib import Path

from backend.settings import load

CHECKOUT = Path(__file__).parents[2]


def add_data(parser: argparse.ArgumentParser, *also: str) -> None:
    """`DATA` and `--token`, for `scripts.lab.sources.find`.

    Args:
        parser: of the command.
        also: what else it takes as `DATA`.
    """
    kinds = ("a folder per class", "a tar of one", "a torchvision data set (cifar10, …)", "digits", *also)
    project = "a labelled Label Studio project (http://host:8080/projects/3)"
    parser.add_argument("data", metavar="DATA", help=f"{', '.join(kinds)}, or {project}")
    parser.add_argument("--token", help="for Label Studio (LABEL_STUDIO_API_KEY)")


def add_places(parser: argparse.ArgumentParser, cache: str, out: str) -> None:
    """`--cache` and `--out`, folders below the checkout where they are not given.

    Args:
        parser: of the command.
        cache: name of the folder below `.cache`.
        out: name of the folder for results.
    """
    parser.add_argument("--cache", type=Path, default=CHECKOUT / ".cache" / cache, help=f"(.cache/{cache})")
    parser.add_argument("--out", type=Path, default=CHECKOUT / out, metavar="DIR", help=f"({out})")


def token(given: str | None) -> str:
    """The token for Label Studio that was given with `--token`, or else the settings'; empty where there is none."""
    return given or load().label_studio_api_key


def positive(text: str) -> int:
    """A whole number from 1.

    Raises:
        ArgumentTypeError: below 1; argparse shows its text.
        ValueError: no whole number.
    """
    return _whole(text, 1)


def seed(text: str) -> int:
    """A whole number from 0.

    Raises:
        ArgumentTypeError: below 0; argparse shows its text.
        ValueError: no whole number.
    """
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    number = int(text)
    if number < least:
        raise argparse.ArgumentTypeError(f"{text} is below {least}")
    return number
