"""A network small enough to train in a blink: two convolutions with batch normalisation."""

import torch

from model.networks.network import Network, Parts
from model.networks.splitting import blocks_of

SIDE = 8


def tiny(classes: tuple[str, ...] = ("red", "green", "blue"), *, pretrained: bool = True, seed: int = 0) -> Network:
    """A network of two blocks; where it counts as pretrained, its training begins with the head."""
    torch.manual_seed(seed)
    body = torch.nn.Sequential(
        torch.nn.Conv2d(3, 6, 3, padding=1),
        torch.nn.BatchNorm2d(6),
        torch.nn.ReLU(),
        torch.nn.Conv2d(6, 8, 3, padding=1),
        torch.nn.BatchNorm2d(8),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
    )
    parts = Parts("tiny", body, SIDE, (127.5,) * 3, (127.5,) * 3, 8, blocks_of(body), pretrained)
    return Network(parts, classes).eval()
