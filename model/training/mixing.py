"""Mixup and cutmix: two training images in one, with both labels."""

from collections.abc import Callable

import torch
from torchvision.transforms import v2

Mix = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""Normalised images, float32 (n, 3, s, s), and labels, int64 (n,), to images and labels or probabilities (n, k)."""


def mixing(mixup: float, cutmix: float, classes: int) -> Mix:
    """What mixes the images of a batch; its randomness is PyTorch's global one.

    Args:
        mixup: alpha, at least 0; 0 is off.
        cutmix: likewise; with both, each batch gets one of them by chance.
        classes: k.

    Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018; Yun et al., "CutMix", ICCV 2019.
    """
    mixers: list[Mix] = []
    if mixup > 0:
        mixers.append(v2.MixUp(alpha=float(mixup), num_classes=classes))
    if cutmix > 0:
        mixers.append(v2.CutMix(alpha=float(cutmix), num_classes=classes))
    if not mixers:
        return _unmixed
    return mixers[0] if len(mixers) == 1 else v2.RandomChoice(mixers)


def _unmixed(images: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return images, labels
