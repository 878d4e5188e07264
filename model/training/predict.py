"""Apply a network to images."""

import numpy as np
import numpy.typing as npt

from model.networks.network import Network
from model.training.batches import Images


def logits(network: Network, images: Images) -> npt.NDArray[np.float32]:
    """Logits of images, on a CUDA device where there is one.

    Args:
        network: left in evaluation mode.
        images: uint8 (n, 3, s, s), any side: resized to the network's, a batch at a time.

    Returns:
        float32 (n, classes).
    """
    raise NotImplementedError
