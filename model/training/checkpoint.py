"""Where a training stands after an epoch, in memory and in a file. Tensors and JSON, never pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from model.errors import InputError, ModelError
from model.files import whole_file
from model.training.history import Epoch

Tensors = Mapping[str, torch.Tensor]

ABOUT = "training"
"""Key in the file's metadata of all that is no tensor."""


@dataclass(frozen=True, eq=False)
class TrainingState:
    """All that a training needs to go on after its last whole epoch.

    Attributes:
        network: its weights.
        best: its weights after the best epoch.
        optimiser: what the optimiser remembers of each parameter, under `<number>.<name>`.
        history: of the epochs so far.
        batch_size: images in a step.
    """

    network: Tensors
    best: Tensors
    optimiser: Tensors
    history: tuple[Epoch, ...]
    batch_size: int


def copied(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors as they are now, on the CPU."""
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}


def memory_of(optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """What an optimiser remembers, for `TrainingState.optimiser`."""
    remembered = optimiser.state_dict()["state"]
    tensors = {f"{number}.{name}": value for number, of in remembered.items() for name, value in of.items()}
    return copied({name: value for name, value in tensors.items() if value is not None})


def remember(optimiser: torch.optim.Optimizer, memory: Tensors) -> None:
    """Give an optimiser what `memory_of` took from one of the same parameters."""
    remembered: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in memory.items():
        number, _, name = key.partition(".")
        remembered.setdefault(int(number), {})[name] = tensor
    optimiser.load_state_dict({"state": remembered, "param_groups": optimiser.state_dict()["param_groups"]})


def write(state: TrainingState, training: str, path: Path) -> None:
    """Put a state into a file, in place of the one before; a kill leaves one or the other whole.

    Args:
        state: after an epoch.
        training: fingerprint of what is trained on what.
        path: of the file; its folder must be there.
    """
    tensors = {
        f"{part}.{name}": tensor
        for part in ("network", "best", "optimiser")
        for name, tensor in getattr(state, part).items()
    }
    about = {
        "training": training,
        "history": [asdict(epoch) for epoch in state.history],
        "batch_size": state.batch_size,
    }
    with whole_file(path) as unfinished:
        save_file(tensors, unfinished, metadata={ABOUT: json.dumps(about)})


def read(training: str, path: Path) -> TrainingState:
    """The state that `write` put into a file.

    Raises:
        InputError: the file is another training's.
        ModelError: the file is broken.
    """
    parts: dict[str, dict[str, torch.Tensor]] = {"network": {}, "best": {}, "optimiser": {}}
    try:
        with safe_open(path, framework="pt") as file:
            about: dict[str, Any] = json.loads(file.metadata()[ABOUT])
            for key in file.keys():  # noqa: SIM118 - the file is no mapping
                part, _, name = key.partition(".")
                parts[part][name] = file.get_tensor(key)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The checkpoint {path} is broken ({error!r}). Delete it to train from the start.") from error
    if about["training"] != training:
        raise InputError(
            f"The checkpoint {path} is of another training: other images, labels, split, options or network. "
            "Choose another folder, or delete it."
        )
    history = tuple(Epoch(**epoch) for epoch in about["history"])
    return TrainingState(**parts, history=history, batch_size=about["batch_size"])
