"""Backbones at work in this process: on the CPU in ONNX Runtime, or in PyTorch on an NVIDIA device."""

from importlib.util import find_spec
from pathlib import Path
from threading import Lock

from cachetools import LRUCache

from backend.errors import RetryLaterError
from backend.store.backbones import BackboneStore
from backend.store.trouble import trouble
from model.backbone.backbone import Backbone
from model.backbone.embedder import Embedder, OnnxEmbedder
from model.errors import ModelError

IN_MEMORY = 2
"""The active version's backbone, and the next one's. Each takes some 100 MB."""


class Embedders:
    """Embedders by backbone, loaded at their first use and kept while they are among the last used.

    Safe to use from several threads: one loads at a time.
    """

    def __init__(self, backbones: BackboneStore, device: str) -> None:
        """Begin with none loaded.

        Args:
            backbones: where exports are found.
            device: the setting DEVICE: `auto`, `cpu` or `cuda`.
        """
        self._backbones = backbones
        self._device = device
        self._loaded: LRUCache[str, Embedder] = LRUCache(IN_MEMORY)
        self._loading = Lock()

    def get(self, backbone: Backbone) -> Embedder:
        """A backbone at work, on CUDA where the settings and the machine say so.

        Raises:
            RetryLaterError: the worker has not exported the backbone yet.
        """
        with self._loading:
            embedder = self._loaded.get(backbone.version)
            if embedder is None:
                if not self._backbones.is_ready(backbone.version):
                    raise RetryLaterError("The backbone is not exported yet; a worker does so when it starts.")
                while len(self._loaded) >= IN_MEMORY:
                    # Before the next one takes its memory, and not after.
                    self._loaded.popitem()
                embedder = self._loaded[backbone.version] = self._load_or_set_aside(backbone)
            return embedder

    def _load_or_set_aside(self, backbone: Backbone) -> Embedder:
        try:
            return self._load(backbone)
        except ModelError as error:
            if trouble(error) is None:
                self._backbones.set_aside(backbone.version, error)
            raise RetryLaterError(f"The export of the backbone {backbone.name} can't be loaded: {error}") from error

    def _load(self, backbone: Backbone) -> Embedder:
        if not is_cuda_wanted(self._device):
            return OnnxEmbedder(self._backbones.export(backbone.version))
        from model.networks.torch_embedder import TorchEmbedder  # noqa: PLC0415 - torch takes seconds to import

        network = self._backbones.network(backbone.version)
        return TorchEmbedder(backbone, "cuda", network if network.exists() else None)


def is_cuda_wanted(device: str) -> bool:
    """Whether images are embedded on an NVIDIA device; asks the driver's files, so that a CPU never loads torch.

    Args:
        device: the setting DEVICE.
    """
    return (device == "cuda" or (device == "auto" and Path("/dev/nvidia0").exists())) and has_pytorch()


def has_pytorch() -> bool:
    """Whether PyTorch is installed: the image of the service does without. Does not load it."""
    return find_spec("torch") is not None
