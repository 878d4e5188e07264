"""What learns: which layers of a network change in a phase, and at which share of the rate."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from model.networks.network import Network
from model.networks.splitting import BATCH_NORMS
from model.training.options import TrainingOptions
from model.training.phases import TrainingPhase


@dataclass(frozen=True, eq=False)
class Group:
    """Parameters that learn at one rate.

    Attributes:
        parameters: at least one.
        share: of the rate, once blocks are unfrozen; in (0, 1].
    """

    parameters: list[torch.nn.Parameter]
    share: float


def groups(network: Network, options: TrainingOptions) -> list[Group]:
    """All parameters that ever learn: the head's first, then each block's from the top, then the body's own."""
    if not network.pretrained:
        return [Group(list(network.parameters()), 1.0)]
    found = [Group(list(network.head.parameters()), options.body_rate)]
    blocks = unfrozen(network, options)
    for depth, block in enumerate(reversed(blocks)):
        found.append(Group(list(block.parameters()), options.body_rate * options.depth_decay**depth))
    if len(blocks) == len(network.blocks):
        inside = {id(parameter) for block in blocks for parameter in block.parameters()}
        own = [parameter for parameter in network.body.parameters() if id(parameter) not in inside]
        found += [Group(own, found[-1].share)] if own else []
    return found


def unfrozen(network: Network, options: TrainingOptions) -> tuple[torch.nn.Module, ...]:
    """The blocks that learn once the head has, from input to output."""
    if options.unfrozen_blocks is None or not network.pretrained:
        return network.blocks
    return network.blocks[max(len(network.blocks) - options.unfrozen_blocks, 0) :]


def prepare(network: Network, options: TrainingOptions, phase: TrainingPhase) -> None:
    """Let exactly the phase's layers learn. Frozen ones are in evaluation mode: no dropout, no new statistics."""
    learning = groups(network, options) if phase.name == "body" else groups(network, options)[:1]
    network.requires_grad_(False)
    for group in learning:
        for parameter in group.parameters:
            parameter.requires_grad_(True)
    network.train()
    if phase.name == "head":
        network.body.eval()
    elif network.pretrained:
        _evaluate(network.blocks[: len(network.blocks) - len(unfrozen(network, options))])
        if options.freeze_batch_norm:
            _evaluate(layer for layer in network.body.modules() if isinstance(layer, BATCH_NORMS))


def _evaluate(layers: Iterable[torch.nn.Module]) -> None:
    for layer in layers:
        layer.eval()
