"""One way to build any network by its name.

    efficientnet-lite0|1|2   pretrained weights from installed packages
    resnet50, vit_b_16, …    every classification model of torchvision, by its own name
    timm:<name>              every model of timm
    alexnet-scratch          a baseline without pretrained weights
    cnn-small                likewise; `cnn-small:16-32-64:5-3-3` sets filters and kernel sizes of its three blocks
    <folder>                 a network that our training saved
"""

from collections.abc import Sequence

from model.networks.network import Network

PRETRAINED = "pretrained"
NONE = "none"


def build(
    name: str, classes: int | Sequence[str], *, weights: str = PRETRAINED, input_size: int | None = None, seed: int = 0
) -> Network:
    """Build a network, on the CPU and in evaluation mode.

    Args:
        name: see the module.
        classes: their names in the order of the logits, or how many where nobody needs them by name.
        weights: `pretrained` (from the hub or an installed package), `none`, or the path of a file that holds them. Of
            the networks trained from scratch, `pretrained` means none.
        input_size: side in pixels of the square input; the one the network was made for where it is None.
        seed: of the weights that are not loaded.

    Raises:
        InputError: no such network, weights of another network, or a size that the network can't take.
        WeightsError: pretrained weights that are not on this machine and can't be downloaded.
    """
    raise NotImplementedError
