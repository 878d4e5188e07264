"""Weights from a hub or a file, into a body."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import urlparse

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from model.errors import InputError, WeightsError

NONE = "none"

State = Mapping[str, torch.Tensor]


def from_hub(url: str, name: str) -> State:
    """What PyTorch's hub has at this address, from its folder on this machine or downloaded into it.

    Args:
        url: of the file; the part of its name after the last hyphen is checked against its content.
        name: of the network, for people.

    Raises:
        WeightsError: the file is not there and can't be downloaded, or is broken.
    """
    file = Path(torch.hub.get_dir()) / "checkpoints" / PurePosixPath(urlparse(url).path).name
    try:
        state: State = torch.hub.load_state_dict_from_url(
            url, map_location="cpu", progress=False, check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:
        raise missing(name, str(error), f"Fetch {url} where there is a network and put it at {file}") from error
    return state


def missing(name: str, reason: str, remedy: str) -> WeightsError:
    """The error for weights that can't be had: what, why, and the ways around it."""
    return WeightsError(
        f"The pretrained weights of {name} are not on this machine and can't be downloaded ({reason}).\n"
        f"{remedy}; or give the file itself as the weights; or train without: weights none."
    )


def from_file(path: Path) -> State:
    """The tensors of a file by their names.

    Args:
        path: safetensors, or a state dict that `torch.save` wrote.

    Raises:
        InputError: there is no such file, or it holds something else than tensors by name.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"There is no file of weights {path}. Give its path, or `pretrained`, or `none`.") from None
    # A file that is no archive of tensors fails in the unpickler, in ways that have no common base but this.
    except (SafetensorError, Exception) as error:
        raise InputError(f"{path} holds no weights that can be read ({error}).") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise InputError(f"{path} holds no state dict. Save one: torch.save(model.state_dict(), file).")
    return state


def load(body: torch.nn.Module, state: State, name: str, without: tuple[str, ...]) -> None:
    """Put weights into a body.

    Args:
        body: of a network whose head is off.
        state: of the network as its author made it.
        name: of the network, for people.
        without: beginnings of the names of tensors that the body has no place for: the head's, for one.

    Raises:
        InputError: the weights are another network's.
    """
    kept = {key: value for key, value in state.items() if not key.startswith(without)}
    try:
        body.load_state_dict(kept)
    except RuntimeError as error:
        raise InputError(f"The weights are not those of {name}. {error}") from error
