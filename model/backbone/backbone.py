"""The pretrained networks that turn an image into a feature, and how each wants its pixels. Needs no torch."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from PIL import Image

from model.errors import InputError
from model.images.colours import to_square

Channels = tuple[float, float, float]

PRETRAINED = "pretrained"
"""Weights as the network's author made them."""

# Part of every version: raise it when `Backbone.preprocess` changes what it computes, so that features are made anew.
PREPROCESSING = 2


@dataclass(frozen=True)
class Backbone:
    """A frozen network: what it is called, what it eats, what it yields.

    Attributes:
        name: key in the registry.
        version: changes with the weights and the preprocessing; features of two versions don't compare.
        input_size: side in pixels of the square input.
        mean: what is taken from each of the channels R, G, B, in pixel units 0..255.
        std: what each channel is divided by after that, in pixel units, above 0.
        width: how many numbers a feature has.
    """

    name: str
    version: str
    input_size: int
    mean: Channels
    std: Channels
    width: int

    def preprocess(self, image: Image.Image) -> npt.NDArray[np.float32]:
        """The network's input for one image: the whole of it (no crop) resized to a square, then normalised.

        Args:
            image: any mode and any size from 1x1.

        Returns:
            float32 (3, input_size, input_size), contiguous.
        """
        planes: npt.NDArray[np.float32] = self.normalise(np.asarray(to_square(image, self.input_size))[None])[0]
        return planes

    def normalise(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The network's input for squares of its size.

        Args:
            pixels: uint8 (n, input_size, input_size, 3), R, G, B.

        Returns:
            float32 (n, 3, input_size, input_size), contiguous.
        """
        planes = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32)
        planes -= np.asarray(self.mean, dtype=np.float32)[:, None, None]
        planes /= np.asarray(self.std, dtype=np.float32)[:, None, None]
        return planes


@dataclass(frozen=True)
class Origin:
    """What a backbone is made from.

    Attributes:
        name: registered, a classification model of torchvision, `timm:<name>`, or the folder of a saved network.
        weights: `pretrained`, or the path of a file of them.
        input_size: side in pixels of the square input, at least 1; None for what the network was made for.
    """

    name: str
    weights: str = PRETRAINED
    input_size: int | None = None

    @property
    def registered(self) -> Backbone | None:
        """The registered backbone that this is; None where the network itself must be asked."""
        known = REGISTRY.get(self.name)
        if known is None or self.weights != PRETRAINED or self.input_size not in (None, known.input_size):
            return None
        return known


def check_name(name: str) -> None:
    """Refuse what can't be the name of a pretrained network. Whether there is one is known when it is built.

    Raises:
        InputError: the text says what can be one.
    """
    if name not in REGISTRY and not re.fullmatch(r"[a-z0-9_]+|timm:\S+|.*/.*", name):
        known = ", ".join(sorted(REGISTRY))
        raise InputError(
            f"There is no backbone {name!r}. Choose one of: {known}; a model of torchvision, such as resnet50; "
            "timm:<name>; or the folder of a saved network, with a slash in it."
        )


def backbone(name: str) -> Backbone:
    """The registered backbone of that name.

    Raises:
        InputError: no such backbone; the text names those there are.
    """
    try:
        return REGISTRY[name]
    except KeyError:
        known = ", ".join(sorted(REGISTRY))
        raise InputError(f"There is no backbone {name!r}. Choose one of: {known}.") from None


def weights_digest(name: str) -> str:
    """SHA-256 (hexadecimal) of the weights file that the registered backbone was measured with."""
    return WEIGHTS_SHA256[backbone(name).name]


def versioned(name: str, digest: str, input_size: int, mean: Channels, std: Channels, width: int) -> Backbone:
    """A backbone whose version comes from what makes its features.

    Args:
        name, input_size, mean, std, width: as those of `Backbone`.
        name: of the network.
        digest: of the weights, hexadecimal.
        input_size: side of its images, in pixels.
        mean: of each colour channel, to subtract.
        std: of each colour channel, to divide by.
        width: of its features.
    """
    maker = [digest, PREPROCESSING, input_size, mean, std, width]
    short_hash = hashlib.sha256(json.dumps(maker).encode()).hexdigest()[:8]
    return Backbone(name, f"{name}-{short_hash}", input_size, mean, std, width)


def _lite(name: str, input_size: int) -> Backbone:
    return versioned(name, WEIGHTS_SHA256[name], input_size, mean=(127.0,) * 3, std=(128.0,) * 3, width=1280)


WEIGHTS_SHA256: Mapping[str, str] = MappingProxyType(
    {
        "efficientnet-lite0": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "efficientnet-lite1": "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        "efficientnet-lite2": "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    }
)

REGISTRY: Mapping[str, Backbone] = MappingProxyType(
    {
        known.name: known
        for known in [
            _lite("efficientnet-lite0", 224),
            _lite("efficientnet-lite1", 240),
            _lite("efficientnet-lite2", 260),
        ]
    }
)
