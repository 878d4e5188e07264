"""Images by the batch."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torchvision.transforms.v2.functional import resize

from model.arrays import IntArray
from model.errors import InputError

Images = torch.Tensor | npt.NDArray[np.uint8] | Sequence[npt.NDArray[np.uint8]]
"""uint8 (n, 3, s, s); only the rows of a batch are read at a time."""

Batch = tuple[torch.Tensor, torch.Tensor]
"""Images, uint8 (b, 3, s, s), and their labels, int64 (b,)."""


class Batches:
    """Rows of images in batches, in the order given; the last batch holds what is left."""

    def __init__(self, images: Images, labels: IntArray, rows: IntArray, batch_size: int) -> None:
        """Note what to read; nothing is read yet.

        Args:
            images: uint8 (n, 3, s, s).
            labels: (n,).
            rows: (m,) in [0, n), any of them any number of times.
            batch_size: from 1.
        """
        self._images = images
        self._labels = labels
        self._rows = rows
        self._batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self._rows) / self._batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, len(self._rows), self._batch_size):
            rows = self._rows[start : start + self._batch_size]
            yield take(self._images, rows), torch.from_numpy(self._labels[rows].astype(np.int64))


def take(images: Images, rows: IntArray) -> torch.Tensor:
    """These rows of images, as a tensor of their own: uint8 (len(rows), 3, s, s)."""
    return torch.from_numpy(np.stack([np.asarray(images[int(row)]) for row in rows]))


def resized(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """Square images of another side, bilinear as `Backbone.preprocess` has it; as they are if it fits.

    Args:
        pixels: uint8 (n, 3, s, s).
        side: in pixels.

    Returns:
        uint8 (n, 3, side, side).
    """
    if pixels.shape[-1] == side:
        return pixels
    result: torch.Tensor = resize(pixels, [side, side], antialias=True)
    return result


def check_images(images: Images) -> None:
    """Refuse anything but square images of three channels of bytes; the first one stands for all.

    Raises:
        InputError: no images, another shape or another dtype.
    """
    if not len(images):
        raise InputError("There are no images.")
    first = np.asarray(images[0])
    if first.dtype != np.uint8 or first.ndim != 3 or first.shape[0] != 3 or first.shape[1] != first.shape[2]:
        raise InputError(f"Images must be uint8 (n, 3, s, s), got {first.dtype} rows of shape {first.shape}.")
