"""Has the backbone that the settings name on this disk: shipped, exported, or exported anew where it was damaged."""

import subprocess
import sys

from backend import logs
from backend.errors import RetryLaterError
from backend.images.embedders import has_pytorch
from backend.services import Services

log = logs.get()


def is_at_hand(services: Services) -> bool:
    """Whether it is there as the settings name it, or could be copied from what the image ships."""
    backbones = services.backbones
    return backbones.base_is_current() or backbones.take_shipped(services.settings.backbones_shipped)


def export(services: Services) -> int:
    """Export it in a process of its own; that process's exit status.

    PyTorch's memory goes back with the process, and CUDA is never touched before a fork.
    """
    log.info("exporting the backbone; this takes some seconds, once", backbone=services.settings.backbone)
    return subprocess.run([sys.executable, "-m", "backend.backbones.export"], check=False).returncode


def restore(services: Services) -> None:
    """Have it again where it is gone; at once where it is not.

    Raises:
        RetryLaterError: it can't be had here.
    """
    if services.backbones.base_is_ready() or is_at_hand(services):
        return
    if not has_pytorch():
        raise RetryLaterError(
            f"The backbone {services.settings.backbone} is not here, and to export it takes PyTorch. Run the image "
            "label-loop-training once (docker compose run --rm export)."
        )
    if export(services):
        raise RetryLaterError(f"The backbone {services.settings.backbone} can't be exported; the log says why.")
