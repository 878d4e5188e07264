"""The training worker: `python -m backend.trainer`. Fine-tunes networks, one at a time, each in a forked work-horse."""

import os
import sys

from backend import logs
from backend.errors import OperatorError
from backend.finetune import devices
from backend.images.embedders import has_pytorch
from backend.queue import workers
from backend.services import Services
from backend.settings import load
from backend.store import features

NICENESS = 5
"""Where the loop's worker shares the machine, it goes first."""

log = logs.get()


def main() -> int:
    """Train until SIGTERM; 1 where there is nothing to train on."""
    settings = load()
    logs.configure(settings)
    if not has_pytorch():
        how = (
            "Run the image label-loop-training (docker compose --profile gpu up --detach), or install requirements.txt."
        )
        log.error("training worker not started", reason=f"PyTorch is not installed here. {how}")
        return 1
    # What jobs need is imported before the fork. Nothing is computed here: a process that has run autograd can't be
    # forked and train, and CUDA can't be used on both sides of a fork.
    import backend.backbones.reembed  # noqa: PLC0415
    import backend.finetune.job  # noqa: F401, PLC0415
    from model.training.machine import leave_a_core  # noqa: PLC0415

    services = Services(settings)
    try:
        with devices.claimed(settings.device, settings.cuda_visible_devices) as device:
            services.migrate()
            os.nice(NICENESS)
            leave_a_core()
            features.load_library()
            log.info("training worker started", device=device, label_studio=settings.label_studio_url)
            workers.train(services.queue, device)
    except OperatorError as error:
        log.error("training worker not started", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
