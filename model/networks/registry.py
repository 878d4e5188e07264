"""One way to build any network by its name.

efficientnet-lite0|1|2   pretrained weights from installed packages
resnet50, vit_b_16, …    every classification model of torchvision, by its own name
timm:<name>              every model of timm
alexnet-scratch          a baseline without pretrained weights
cnn-small                likewise; `cnn-small:16-32-64:5-3-3` sets filters and kernel sizes of its three blocks
<folder>                 a network that our training saved
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from model.backbone.backbone import PRETRAINED
from model.errors import InputError
from model.networks import storage
from model.networks.carrying import carry_over
from model.networks.families import parts
from model.networks.network import Network

ANY_CLASSES = ("first", "second")
"""For a network whose head is not used."""


def architecture(name: str) -> str:
    """The name that builds the same layers without their weights: of a saved network's folder, the one inside it.

    Raises:
        ModelError: the saved network is broken.
    """
    return storage.read_name(Path(name)) if storage.is_saved(name) else name


def build(
    name: str, classes: int | Sequence[str], *, weights: str = PRETRAINED, input_size: int | None = None, seed: int = 0
) -> Network:
    """Build a network, on the CPU and in evaluation mode.

    Args:
        name: see the module.
        classes: their names in the order of the logits, or how many where nobody needs them by name.
        weights: `pretrained` (from the hub or an installed package), `none`, or the path of a file that holds them. Of
            the networks trained from scratch, `pretrained` means none. A folder brings its own.
        input_size: side in pixels of the square input; the one the network was made for where it is None.
        seed: of the weights that are not loaded.

    Raises:
        InputError: no such network, weights of another network, or a size that the network can't take.
        WeightsError: pretrained weights that are not on this machine and can't be downloaded.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if storage.is_saved(name):
            return _of_ones_own(Path(name), classes, input_size)
        names = [str(number) for number in range(classes)] if isinstance(classes, int) else classes
        return Network(parts(name, weights, input_size), names).eval()


def _of_ones_own(folder: Path, classes: int | Sequence[str], input_size: int | None) -> Network:
    network = storage.load(folder)
    if input_size not in (None, network.input_size):
        raise InputError(f"The network in {folder} takes {network.input_size} pixels, not {input_size}.")
    if not isinstance(classes, int):
        return carry_over(network, classes)
    if classes != len(network.classes):
        raise InputError(
            f"The network in {folder} has {len(network.classes)} classes, not {classes}. Give the names of the "
            "classes, so that what it knows of each is carried over."
        )
    return network
