"""A network of one's own on disk: a folder of `network.safetensors` (weights) and `network.json` (all else)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from model.errors import InputError, ModelError
from model.files import whole_folder
from model.networks.families import parts
from model.networks.network import Network
from model.networks.weights import NONE

WEIGHTS_FILE = "network.safetensors"
SHEET_FILE = "network.json"


def is_saved(name: str) -> bool:
    """Whether a network's name is the path of a folder that `save` wrote."""
    return (Path(name) / SHEET_FILE).is_file()


def save(network: Network, folder: Path, record: Mapping[str, Any]) -> None:
    """Write a network, whole or not at all.

    Args:
        network: any.
        folder: made by this call, its parents too; must not be there.
        record: what made the network, as JSON knows it.

    Raises:
        ModelError: the folder holds something already.
    """
    sheet = {
        "name": network.name,
        "classes": network.classes,
        "input_size": network.input_size,
        "record": record,
    }
    text = json.dumps(sheet, indent=2, ensure_ascii=False) + "\n"
    try:
        with whole_folder(folder) as unfinished:
            save_file(contiguous(network.state_dict()), unfinished / WEIGHTS_FILE)
            (unfinished / SHEET_FILE).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ModelError(f"The network can't be written to {folder} ({error}). Choose a new folder.") from error


def load(folder: Path) -> Network:
    """The network that `save` wrote, on the CPU and in evaluation mode.

    Raises:
        ModelError: the folder holds no network, or it is broken.
    """
    sheet = _sheet(folder)
    found = parts(sheet["name"], NONE, sheet["input_size"])
    network = Network(found, sheet["classes"])
    try:
        network.load_state_dict(load_file(folder / WEIGHTS_FILE))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{folder / WEIGHTS_FILE} is broken ({error}). Train the network again.") from error
    network.pretrained = True
    return network.eval()


def read_name(folder: Path) -> str:
    """The name that builds the architecture of the network in this folder.

    Raises:
        ModelError: the folder holds no network, or it is broken.
    """
    return str(_sheet(folder)["name"])


def read_record(folder: Path) -> Any:
    """What made the network in this folder, as it was given to `save`.

    Raises:
        ModelError: the folder holds no network, or it is broken.
    """
    return _sheet(folder)["record"]


def contiguous(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors as safetensors takes them: on the CPU, in the usual order of memory."""
    return {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}


def _sheet(folder: Path) -> dict[str, Any]:
    try:
        sheet = json.loads((folder / SHEET_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"There is no network in {folder}: it has no {SHEET_FILE}.") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder / SHEET_FILE} is broken ({error}). Train the network again.") from error
    if not isinstance(sheet, dict) or not {"name", "classes", "input_size", "record"} <= sheet.keys():
        raise ModelError(f"{folder / SHEET_FILE} is no network's sheet. Train the network again.")
    return sheet
