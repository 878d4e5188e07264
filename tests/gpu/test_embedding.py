"""Features from a GPU are those from a CPU."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from model.backbone.backbone import backbone
from model.backbone.embedder import OnnxEmbedder
from model.networks.torch_embedder import TorchEmbedder

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine"),
]

# TF32 in the convolutions keeps ten bits of each factor; features of photographs average 0.1.
TOLERANCE = 2e-2


def test_cuda_and_onnx_embed_alike(backbone_folder: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (8, 12, 12, 3), dtype=np.uint8)
    pictures = [Image.fromarray(pixels).resize((300, 200), Image.Resampling.BICUBIC) for pixels in noise]
    on_cuda = TorchEmbedder(backbone("efficientnet-lite0"), "cuda").embed(pictures)
    np.testing.assert_allclose(on_cuda, OnnxEmbedder(backbone_folder).embed(pictures), atol=TOLERANCE)
