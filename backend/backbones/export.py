"""Exports the backbone that the settings name: `python -m backend.backbones.export`, run by the worker as it starts."""

import sys
from pathlib import Path

from backend import logs
from backend.services import Services
from backend.settings import load
from backend.store.backbones import BackboneStore
from model.errors import ModelError
from model.networks import storage
from model.networks.export import export
from model.networks.frozen import freeze
from model.networks.network import Network
from model.networks.registry import ANY_CLASSES, build

log = logs.get()


def export_base(backbones: BackboneStore) -> None:
    """Export the base, compared with PyTorch; what is there already is kept.

    Raises:
        InputError: no such network, or weights or a size that it can't take.
        WeightsError: pretrained weights that are not on this machine and can't be downloaded.
        ExportError: the weights of a registered one are others, or ONNX Runtime and PyTorch differ by too much.
    """
    origin = backbones.origin
    if origin.registered is not None:
        export(origin.registered, backbones.export(origin.registered.version))
        return
    network = build(origin.name, ANY_CLASSES, weights=origin.weights, input_size=origin.input_size)
    backbone = freeze(network)
    export(backbone, backbones.export(backbone.version), network.body)
    _keep(network, backbones.network(backbone.version))
    backbones.name_base(backbone.version)


def _keep(network: Network, folder: Path) -> None:
    """For workers with a CUDA device, who need neither file nor hub then."""
    if not folder.exists():
        try:
            storage.save(network, folder, record={})
        except ModelError:
            # Another process was first with the same network.
            if not folder.exists():
                raise


def main() -> int:
    """Export; 1 and a line in the log where that can't be done."""
    settings = load()
    logs.configure(settings)
    try:
        export_base(Services(settings).backbones)
    except ModelError as error:
        log.error("the backbone can't be exported", reason=" ".join(str(error).split()))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
