"""Networks that are trained from scratch: what pretrained weights are compared with."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from torch import nn

from model.backbone.backbone import PRETRAINED, Channels
from model.errors import InputError
from model.networks.network import Parts
from model.networks.splitting import blocks_of
from model.networks.weights import NONE, from_file, load

ALEXNET = "alexnet-scratch"
CNN_SMALL = "cnn-small"

# From 0..255 to -1..1.
MIDDLE: Channels = (127.5,) * 3

ALEXNET_SIDE, ALEXNET_WIDTH, ALEXNET_MAP = 227, 4096, 6
CNN_SIDE = 64
# Where in the image something was found still counts: one average of all learned nothing of digits in ten epochs.
CNN_MAP = 4
FILTERS = (32, 64, 128)
KERNELS = (3, 3, 3)
CNN_DROPOUT = 0.25


def parts(name: str, weights: str, input_size: int | None) -> Parts:
    """See `model.networks.families.parts`; `pretrained` means no weights here."""
    if name == ALEXNET:
        body, width, usual = alexnet(), ALEXNET_WIDTH, ALEXNET_SIDE
    else:
        filters, kernels = read_name(name)
        body, width, usual = cnn_small(filters, kernels), filters[-1] * CNN_MAP**2, CNN_SIDE
    if weights not in (NONE, PRETRAINED):
        load(body, from_file(Path(weights)), name, without=("head.",))
    return Parts(
        name=name,
        body=body,
        input_size=input_size or usual,
        mean=MIDDLE,
        std=MIDDLE,
        width=width,
        blocks=blocks_of(body),
        pretrained=weights not in (NONE, PRETRAINED),
    )


def alexnet() -> nn.Module:
    """Five convolutions with batch normalisation and two dense layers of 4,096 with dropout 0.5; made for 227 pixels.

    Source: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NIPS 2012,
    section 3.5, with batch normalisation in place of local response normalisation.
    """
    return nn.Sequential(
        *_convolution(3, 96, kernel=11, stride=4, padding=0),
        nn.MaxPool2d(3, 2),
        *_convolution(96, 256, kernel=5),
        nn.MaxPool2d(3, 2),
        *_convolution(256, 384, kernel=3),
        *_convolution(384, 384, kernel=3),
        *_convolution(384, 256, kernel=3),
        nn.MaxPool2d(3, 2),
        nn.AdaptiveAvgPool2d(ALEXNET_MAP),
        nn.Flatten(),
        nn.Linear(256 * ALEXNET_MAP**2, ALEXNET_WIDTH),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(ALEXNET_WIDTH, ALEXNET_WIDTH),
        nn.ReLU(),
        nn.Dropout(0.5),
    )


def cnn_small(filters: Sequence[int], kernels: Sequence[int]) -> nn.Module:
    """Three blocks of two convolutions, pool and dropout, then averages of the sixteen parts of the last map.

    Args:
        filters: of the convolutions in each block, from 1.
        kernels: their sides in pixels, odd.

    Returns:
        (n, 3, side, side) to (n, 16 filters[-1]), for any side from 8; to be exported it must be a multiple of 32.
    """
    layers: list[nn.Module] = []
    for (before, count), kernel in zip(pairwise((3, *filters)), kernels, strict=True):
        for channels in (before, count):
            layers += [nn.Conv2d(channels, count, kernel, padding=kernel // 2), nn.ReLU()]
        layers += [nn.MaxPool2d(2), nn.Dropout(CNN_DROPOUT)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(CNN_MAP), nn.Flatten())


def cnn_name(filters: Sequence[int], kernels: Sequence[int]) -> str:
    """The name that `model.networks.registry.build` knows such a small network by; see `cnn_small`."""
    return ":".join([CNN_SMALL, *("-".join(str(number) for number in numbers) for numbers in (filters, kernels))])


def read_name(name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Filters and kernel sizes from the name of a small network.

    Raises:
        InputError: the name doesn't read so, or a number is out of its range.
    """
    if name == CNN_SMALL:
        return FILTERS, KERNELS
    try:
        filters, kernels = (tuple(int(n) for n in numbers.split("-")) for numbers in name.split(":")[1:])
    except ValueError:
        filters, kernels = (), ()
    sound = all(n >= 1 for n in filters) and all(n >= 1 and n % 2 for n in kernels)
    if len(filters) != len(KERNELS) or len(kernels) != len(KERNELS) or not sound:
        raise InputError(
            f"{name!r} is no name of a small network. Write `{cnn_name(FILTERS, KERNELS)}`: the filters of its three "
            "blocks, each from 1, and their kernel sizes, each odd."
        )
    return filters, kernels


def _convolution(
    before: int, after: int, *, kernel: int, stride: int = 1, padding: int | None = None
) -> list[nn.Module]:
    pad = kernel // 2 if padding is None else padding
    return [nn.Conv2d(before, after, kernel, stride, pad, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
