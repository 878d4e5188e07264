"""Apply a network to images."""

import numpy as np
import numpy.typing as npt
import torch

from model.networks.network import Network
from model.training.batches import Images, check_images, resized, take

BATCH = 64


def logits(network: Network, images: Images) -> npt.NDArray[np.float32]:
    """Logits of images, on a CUDA device where there is one.

    Args:
        network: left in evaluation mode, on the device.
        images: uint8 (n, 3, s, s), n >= 1, any side: resized to the network's, a batch at a time.

    Returns:
        float32 (n, classes).

    Raises:
        InputError: no images, or another shape or dtype.
    """
    return _applied(network, network, images)


def features(network: Network, images: Images) -> npt.NDArray[np.float32]:
    """What the head gets to see of images: float32 (n, width); all else as `logits` has it."""
    return _applied(network, network.body, images)


def _applied(network: Network, part: torch.nn.Module, images: Images) -> npt.NDArray[np.float32]:
    check_images(images)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device).eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            rows = np.arange(start, min(start + BATCH, len(images)))
            pixels = resized(take(images, rows).to(device), network.input_size)
            found.append(part(network.normalise(pixels)).float().cpu().numpy())
    return np.concatenate(found)
