"""What a network weighs, and how fast it is here."""

import time

import torch

from model.networks.network import Network
from model.training.predict import logits
from scripts.lab.comparison.images import Pixels

TIMED = 128
"""Images that are timed; a first batch warms up."""
WARM_UP = 16


def parameters(network: Network) -> int:
    """Numbers that were learned."""
    return sum(parameter.numel() for parameter in network.parameters())


def megabytes(network: Network) -> float:
    """Memory of the weights, in millions of bytes."""
    tensors = [*network.parameters(), *network.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors) / 1e6


def images_per_second(network: Network, images: Pixels) -> float:
    """How many decoded images the network recognises in a second.

    Args:
        network: left in evaluation mode.
        images: uint8 (n, 3, s, s), n >= 1; used again and again where they are few.
    """
    rows = [place % len(images) for place in range(TIMED)]
    timed = images[rows]
    logits(network, timed[:WARM_UP])
    begun = time.perf_counter()
    logits(network, timed)
    return TIMED / (time.perf_counter() - begun)


def kind() -> str:
    """What kind of device networks run on."""
    return "a GPU" if torch.cuda.is_available() else "a CPU"


def device() -> str:
    """What networks run on, in words."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"CPU, {torch.get_num_threads()} threads"
