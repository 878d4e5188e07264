"""Other classes for a trained network: what its head knows of each is carried over by name."""

import math
from collections.abc import Mapping, Sequence

import torch

from model.errors import InputError
from model.networks.network import Network, Parts


def carry_over(network: Network, classes: Sequence[str], renamed: Mapping[str, str] | None = None) -> Network:
    """The same body with a head for other classes.

    A class of the same name keeps its row of the head, a removed one loses it, a new one starts at random. Of several
    classes renamed to one, the mean of the rows is taken, and its bias so that the merged class starts as probable as
    they were together.

    Args:
        network: any; its body is shared with the result, its head is left alone.
        classes: of the new head, in the order of its logits.
        renamed: new name by old name, of classes whose name changed or that were merged.

    Returns:
        A network in the mode that `network` is in.

    Raises:
        InputError: fewer than two classes, one twice, or a renamed class that the network or the new head hasn't.
    """
    new_names = renamed or {}
    if strangers := [*new_names.keys() - set(network.classes), *(set(new_names.values()) - set(classes))]:
        raise InputError(
            f"Classes can't be renamed: {', '.join(sorted(strangers))} is in neither head. "
            f"The old classes are {list(network.classes)}, the new ones {list(classes)}."
        )
    carried = Network(_parts_of(network), classes).train(network.training)
    carried.dropout.p = network.dropout.p
    carried.head.to(network.head.weight)
    for row, name in enumerate(classes):
        old = [i for i, before in enumerate(network.classes) if new_names.get(before, before) == name]
        if old:
            with torch.no_grad():
                carried.head.weight[row] = network.head.weight[old].mean(dim=0)
                carried.head.bias[row] = network.head.bias[old].mean() + math.log(len(old))
    return carried


def _parts_of(network: Network) -> Parts:
    return Parts(
        name=network.name,
        body=network.body,
        input_size=network.input_size,
        mean=network.mean,
        std=network.std,
        width=network.width,
        blocks=network.blocks,
        pretrained=network.pretrained,
    )
