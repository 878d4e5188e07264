"""Options that several commands take, with the same name, meaning and help in each."""

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

CHECKOUT = Path(__file__).parents[2]
BACKEND_URL = "http://localhost:9090"


def web_address(value: str | None) -> str | None:
    """Check an address: without its scheme, `localhost:9090` reads as one whose scheme is `localhost`.

    Args:
        value: as it was given; None where it was not.

    Raises:
        typer.BadParameter: it has no scheme, another one than http or https, or no host.
    """
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise typer.BadParameter(f"{value} is not a web address; write it as http://{value}")
    return value


def existing_path(value: Path | None) -> Path | None:
    """Check a file or folder that is read.

    Args:
        value: as it was given; None where it was not.

    Raises:
        typer.BadParameter: there is nothing.
    """
    if value is not None and not value.exists():
        raise typer.BadParameter(f"there is no {value}")
    return value


Project = Annotated[int, typer.Option(metavar="NUMBER", help="Number of the project, as in its address.")]

Backend = Annotated[
    str, typer.Option(metavar="URL", callback=web_address, help="Address of the backend, with http:// or https://.")
]

LabelStudioUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        callback=web_address,
        help="Address of Label Studio.",
        show_default="the setting LABEL_STUDIO_URL",
    ),
]

Token = Annotated[
    str | None,
    typer.Option(
        metavar="TOKEN",
        help="Token for Label Studio, a legacy or a personal access token.",
        show_default="the setting LABEL_STUDIO_API_KEY",
    ),
]

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="Labelled images: a folder per class, a tar of one, a torchvision data set (cifar10, …), digits, or a "
        "labelled Label Studio project (http://host:8080/projects/3).",
    ),
]

Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Seed of everything that is drawn at random.")]

Images = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Use so many images, of each class its share.", show_default="all"),
]

Resolution = Annotated[
    int | None,
    typer.Option(min=1, metavar="PIXELS", help="Side of the images in pixels.", show_default="the network's own"),
]

Jobs = Annotated[int, typer.Option(min=1, metavar="N", help="Processes at a time.", show_default="one a core")]

Cache = Annotated[Path, typer.Option(metavar="DIR", help="Folder for what takes long to make.")]

Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results.")]

Report = Annotated[Path | None, typer.Option(metavar="FILE", help="Write all figures as JSON.")]


def cores() -> int:
    """Cores that this process may use, at least 1: the default of `Jobs`."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def token_or_setting(given: str | None) -> str:
    """The token that was given, or else that of the settings; empty where there is none."""
    if given is not None:
        return given
    from backend import settings  # noqa: PLC0415 - `--help` reads no settings

    return settings.load().label_studio_api_key
