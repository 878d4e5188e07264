"""Changes to training images that leave their class as it is. They come before the network's own normalisation."""

import math
from collections.abc import Callable

import torch
from torchvision.transforms import v2

from model.training.options import Augmentation

Augment = Callable[[torch.Tensor], torch.Tensor]
"""Pixels in 0..255, uint8 (n, 3, s, s), to pixels in 0..255 of any dtype; each image is changed in its own way."""

ROTATION = math.radians(10)
ZOOM = 0.1
SHIFT = 0.1
"""Share of the half side."""
BRIGHTNESS = 0.2


def augmentation(name: Augmentation) -> Augment:
    """The preset of this name; its randomness is PyTorch's global one."""
    return PRESETS[name]


def flip(pixels: torch.Tensor) -> torch.Tensor:
    """Mirror every other image, left to right."""
    mirrored = torch.rand(len(pixels), device=pixels.device) < 0.5
    return torch.where(mirrored[:, None, None, None], pixels.flip(-1), pixels)


def light(pixels: torch.Tensor) -> torch.Tensor:
    """Flip, and a small rotation, zoom, shift and change of brightness."""
    n, device = len(pixels), pixels.device
    angle, zoom = _spread(n, ROTATION, device), 1 + _spread(n, ZOOM, device)
    cosine, sine = zoom * angle.cos(), zoom * angle.sin()
    across, down = _spread(n, SHIFT, device), _spread(n, SHIFT, device)
    affine = torch.stack([cosine, -sine, across, sine, cosine, down], dim=1).view(n, 2, 3)
    grid = torch.nn.functional.affine_grid(affine, list(pixels.shape), align_corners=False)
    moved = torch.nn.functional.grid_sample(
        flip(pixels).float(), grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    brightness = 1 + _spread(n, BRIGHTNESS, device)
    return (moved * brightness[:, None, None, None]).clamp(0, 255)


def strong(pixels: torch.Tensor) -> torch.Tensor:
    """Flip, and one change of any strength.

    Source: Müller, Hutter, "TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation", ICCV 2021.
    """
    return _each(v2.TrivialAugmentWide(), flip(pixels))


def randaugment(pixels: torch.Tensor) -> torch.Tensor:
    """Flip, and two changes of medium strength.

    Source: Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search space", 2020.
    """
    return _each(v2.RandAugment(), flip(pixels))


def _each(change: Augment, pixels: torch.Tensor) -> torch.Tensor:
    """Each image by itself: torchvision changes all images of a batch alike."""
    return torch.stack([change(image) for image in pixels])


def _spread(n: int, most: float, device: torch.device) -> torch.Tensor:
    """(n,) uniform in [-most, most)."""
    return (torch.rand(n, device=device) * 2 - 1) * most


PRESETS: dict[Augmentation, Augment] = {
    "none": lambda pixels: pixels,
    "flip": flip,
    "light": light,
    "strong": strong,
    "randaugment": randaugment,
}
