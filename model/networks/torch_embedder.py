"""The backbone in PyTorch, for a worker with a CUDA device. Same features as `model.backbone.embedder.OnnxEmbedder`."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from model.backbone.backbone import Backbone
from model.backbone.embedder import BatchEmbedder
from model.errors import InputError
from model.images.decoder import Pixels
from model.networks.export import build
from model.networks.storage import load


class TorchEmbedder(BatchEmbedder):
    """A backbone run by PyTorch in float32."""

    def __init__(self, backbone: Backbone, device: str, network: Path | None = None) -> None:
        """Load the backbone onto a device.

        Args:
            backbone: a registered one, or the body of a saved network.
            device: as PyTorch names it, "cuda", "cuda:1", "cpu".
            network: folder of that network, see `model.networks.storage`; None for a registered one.

        Raises:
            InputError: no such device here, or the backbone is not registered.
            ExportError: the installed weights are not the backbone's.
            ModelError: the folder holds no network, or it is broken.
        """
        super().__init__(backbone)
        try:
            self._device = torch.device(device)
            self._mean, self._std = (
                torch.tensor(channels, dtype=torch.float32, device=self._device)[:, None, None]
                for channels in (backbone.mean, backbone.std)
            )
            self._module = (build(backbone) if network is None else load(network).body).to(self._device)
        except (RuntimeError, AssertionError) as error:
            raise InputError(f"PyTorch can't use the device {device!r} ({error}). Use another, such as cpu.") from error

    def _infer(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            # On the device: a quarter of the bytes go there, and no core is needed for it.
            planes = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2).to(torch.float32).contiguous()
            inputs = (planes - self._mean) / self._std
            features: npt.NDArray[np.float32] = self._module(inputs).cpu().numpy()
        return features
