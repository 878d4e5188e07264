"""Bring the images that a network is to be trained on onto this disk, decoded; see `backend.finetune.training_set`."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from PIL import Image

from backend import logs
from backend.errors import ImageUnavailableError, RetryLaterError
from backend.finetune.training_set import IMAGES, SHEET, Chosen, Material, Pixels, load
from backend.project import Project
from backend.services import Services
from backend.store.mirror import MirroredTask
from model.errors import ImageError
from model.files import whole_folder
from model.images import decode

CHUNK = 64
FETCHERS = 8

log = logs.get()


def run(
    project: Project,
    services: Services,
    chosen: Chosen,
    side: int,
    folder: Path,
    progress: Callable[[int, int], None],
) -> Material:
    """Fetch and decode images; those that can't be used now are left out.

    Args:
        side: of the decoded images in pixels.
        folder: for them; made by this call, whole or not at all.
        progress: called with images done so far, and of all.

    Raises:
        RetryLaterError: Label Studio does not answer.
        CancelledError: `progress` raised it.
    """
    tasks = services.mirror.tasks(project, chosen.task_ids.tolist())
    shape = (len(tasks), 3, side, side)
    kept: list[int] = []
    with whole_folder(folder) as unfinished:
        images: Pixels = open_memmap(unfinished / IMAGES, "w+", np.uint8, shape)  # type: ignore[no-untyped-call]
        progress(0, len(tasks))
        for done, (task, pixels) in enumerate(_decoded(services, tasks, side), start=1):
            if pixels is not None:
                images[len(kept)] = pixels
                kept.append(task)
            progress(done, len(tasks))
        del images
        rows = np.searchsorted(chosen.task_ids, kept)
        sheet = {
            "tasks": kept,
            "targets": chosen.targets[rows].tolist(),
            "held": chosen.held[rows].tolist(),
            "classes": chosen.classes,
        }
        (unfinished / SHEET).write_text(json.dumps(sheet, ensure_ascii=False))
    return load(folder)


def _decoded(services: Services, tasks: Sequence[MirroredTask], side: int) -> Iterator[tuple[int, Pixels | None]]:
    """Number and pixels (3, side, side) of each task; None where its image can't be used now."""

    def one(task: MirroredTask) -> Pixels | None:
        try:
            data = services.images.fetch(task.image, task.id)
            image = decode(data, services.image_limits, size_hint=side)
        except (ImageUnavailableError, ImageError) as error:
            if isinstance(error.__cause__, RetryLaterError):
                raise error.__cause__ from None
            log.warning("image can't be used", task=task.id, reason=str(error))
            return None
        # As `model.backbone.backbone.Backbone.preprocess` resizes it.
        return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR)).transpose(2, 0, 1)

    with ThreadPoolExecutor(FETCHERS) as pool:
        for start in range(0, len(tasks), CHUNK):
            chunk = tasks[start : start + CHUNK]
            yield from zip((task.id for task in chunk), pool.map(one, chunk), strict=True)
