"""The worker: `python -m backend.worker`. Takes jobs from the queue, a forked work-horse each."""

import sys
import warnings

# What jobs need is imported before the fork, so that no run pays seconds for it. Nothing is connected here.
import backend.autolabel.job
import backend.backbones.reembed
import backend.loop.job  # noqa: F401
import model.backbone.embedder  # noqa: F401
from backend import logs
from backend.backbones import provide
from backend.images.embedders import has_pytorch
from backend.queue import workers
from backend.services import Services
from backend.settings import Settings, load
from backend.store import features

# LanceDB warns of forks while it works; here it works in work-horses only.
warnings.filterwarnings("ignore", message="lancedb fork support", category=RuntimeWarning)

log = logs.get()


def main() -> int:
    """Have the backbone at hand, then work until SIGTERM; not 0 where that can't be."""
    settings = load()
    logs.configure(settings)
    services = Services(settings)
    services.migrate()
    is_there = provide.is_at_hand(services)
    if not has_pytorch() and (reason := _why_elsewhere(settings, is_there)):
        log.error("worker not started", reason=reason)
        return 1
    if not is_there and (status := provide.export(services)):
        return status
    features.load_library()
    log.info("worker started", label_studio=settings.label_studio_url)
    workers.work(services.queue)
    return 0


def _why_elsewhere(settings: Settings, is_exported: bool) -> str:
    """Why an installation without PyTorch can't do what is asked of it, and where to do it instead; empty if it can."""
    if settings.device == "cuda":
        return (
            "DEVICE=cuda takes PyTorch, which is not installed here. Run the image label-loop-training instead (docker "
            "compose --profile gpu up --detach --scale worker=0), install requirements.txt, or set DEVICE=cpu."
        )
    if not is_exported:
        return (
            f"To export the backbone {settings.backbone} takes PyTorch, which is not installed here. Run the image "
            "label-loop-training once (docker compose run --rm export), or install requirements.txt."
        )
    return ""


if __name__ == "__main__":
    sys.exit(main())
