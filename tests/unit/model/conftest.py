"""An exported backbone, made once for all the tests here: it takes seconds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

# Two threads that wait for each other take several times as long where other tests want the cores.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def exported(backbone_folder: Path) -> Path:
    """The default backbone's export."""
    return backbone_folder


@pytest.fixture(scope="session")
def picture() -> Callable[..., Image.Image]:
    """Makes a picture of blobs and edges, another one for each seed."""

    def make(seed: int = 0, size: tuple[int, int] = (300, 200)) -> Image.Image:
        coarse = np.random.default_rng(seed).integers(0, 256, (8, 12, 3), dtype=np.uint8)
        return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)

    return make
