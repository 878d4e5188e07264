"""Bodies by name: which family a name belongs to, and what the family makes of it."""

from importlib import import_module

import torch

from model.errors import InputError
from model.networks.network import Parts

FAMILIES = {
    "efficientnet-lite": "lite",
    "alexnet-scratch": "scratch",
    "cnn-small": "scratch",
    "timm:": "of_timm",
}
"""Module below `model.networks` by the beginning of its names; any other name is torchvision's. Imported when used, so
that who needs one family waits for no other's library."""


def parts(name: str, weights: str, input_size: int | None) -> Parts:
    """A network without its head.

    Args:
        name: see `model.networks.registry`, except folders.
        weights: `pretrained`, `none`, or the path of a file.
        input_size: side in pixels, from 1; None is what the network was made for.

    Raises:
        InputError: no such network, weights of another network, or a size that the network can't take.
        WeightsError: pretrained weights that are not on this machine and can't be downloaded.
    """
    if input_size is not None and input_size < 1:
        raise InputError(f"The input size of {name} is {input_size} pixels. Make it at least 1.")
    family = next((module for start, module in FAMILIES.items() if name.startswith(start)), "of_torchvision")
    found: Parts = import_module(f"model.networks.{family}").parts(name, weights, input_size)
    found.body.eval()
    if input_size is not None:
        _check_size(found)
    return found


def _check_size(found: Parts) -> None:
    side = found.input_size
    try:
        with torch.inference_mode():
            found.body(torch.zeros(1, 3, side, side))
    # Layers refuse a size in several ways, some by an assertion.
    except (RuntimeError, ValueError, AssertionError) as error:
        raise InputError(
            f"{found.name} can't take images of {side} pixels ({error}). Choose a larger size, or leave it out."
        ) from error
