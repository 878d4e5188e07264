"""Take a classifier apart: its head off, and what is left into blocks."""

from collections.abc import Iterator

import torch

from model.errors import InputError

CONTAINERS = (torch.nn.Sequential, torch.nn.ModuleList, torch.nn.ModuleDict)
BATCH_NORMS = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)
NORMS = (*BATCH_NORMS, torch.nn.LayerNorm, torch.nn.GroupNorm)


def cut_head(model: torch.nn.Module) -> tuple[str, int]:
    """Replace a classifier's last layer by nothing, in place.

    Returns:
        The layer's name, and the width of the features that it was given.

    Raises:
        InputError: the model has no linear layer (a convolution of a single pixel counts as one).
    """
    heads = [name for name, layer in model.named_modules() if _is_linear(layer)]
    if not heads:
        raise InputError(f"{type(model).__name__} has no linear layer that could be its head.")
    parent, _, attribute = heads[-1].rpartition(".")
    holder = model.get_submodule(parent)
    head = getattr(holder, attribute)
    setattr(holder, attribute, torch.nn.Identity())
    return heads[-1], head.in_features if isinstance(head, torch.nn.Linear) else head.in_channels


def blocks_of(body: torch.nn.Module) -> tuple[torch.nn.Module, ...]:
    """The layers of a body that have parameters, from input to output, as coarse as its author wrote them.

    A normalisation goes with the layer before it. Parameters that hang on the body itself (a transformer's position
    embedding) are in no block.
    """
    blocks: list[list[torch.nn.Module]] = []
    for layer in _layers(body, _size(body)):
        if blocks and isinstance(layer, NORMS):
            blocks[-1].append(layer)
        else:
            blocks.append([layer])
    return tuple(torch.nn.ModuleList(block) for block in blocks)


def _layers(module: torch.nn.Module, whole: int) -> Iterator[torch.nn.Module]:
    for child in module.children():
        size = _size(child)
        # What holds more than half of a network is no block of it but a wrapper, such as a transformer's encoder.
        is_wrapper = isinstance(child, CONTAINERS) or (size > whole / 2 and any(child.children()))
        if is_wrapper:
            yield from _layers(child, whole)
        elif size:
            yield child


def _size(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _is_linear(layer: torch.nn.Module) -> bool:
    return isinstance(layer, torch.nn.Linear) or (isinstance(layer, torch.nn.Conv2d) and layer.kernel_size == (1, 1))
