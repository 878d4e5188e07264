"""The worker: `python -m backend.worker`. Takes jobs from the queue, a forked work-horse each."""

import subprocess
import sys
import warnings

# What jobs need is imported before the fork, so that no run pays seconds for it. Nothing is connected here.
import backend.autolabel.job
import backend.backbones.reembed
import backend.loop.job  # noqa: F401
import model.backbone.embedder  # noqa: F401
from backend import logs
from backend.queue import workers
from backend.services import Services
from backend.settings import load
from backend.store import features

# LanceDB warns of forks while it works; here it works in work-horses only.
warnings.filterwarnings("ignore", message="lancedb fork support", category=RuntimeWarning)

log = logs.get()


def main() -> int:
    """Export the backbone if need be, then work until SIGTERM."""
    settings = load()
    logs.configure(settings)
    services = Services(settings)
    services.migrate()
    if not services.backbones.base_is_current():
        log.info("exporting the backbone; this takes some seconds, once", backbone=settings.backbone)
        # In a process of its own: PyTorch's memory goes back, and CUDA is never touched before a fork.
        exported = subprocess.run([sys.executable, "-m", "backend.backbones.export"], check=False)
        if exported.returncode:
            return exported.returncode
    features.load_library()
    log.info("worker started", label_studio=settings.label_studio_url)
    workers.work(services.queue)
    return 0


if __name__ == "__main__":
    sys.exit(main())
