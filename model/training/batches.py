"""Images by the batch."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

Images = torch.Tensor | npt.NDArray[np.uint8] | Sequence[npt.NDArray[np.uint8]]
"""uint8 (n, 3, s, s); only the rows of a batch are read at a time."""
