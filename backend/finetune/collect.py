"""Bring the images that a network is to be trained on onto this disk, decoded; see `backend.finetune.training_set`."""

import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from backend import logs
from backend.finetune.training_set import IMAGES, SHEET, Chosen, Pixels, TrainingSet, load
from backend.images import batch
from backend.images.batch import Portion
from backend.images.hosts import FIRST_PAUSE
from backend.images.outcome import Unavailable
from backend.services import ProjectContext
from backend.store.records.mirror import MirroredTask
from model.errors import ImageError
from model.files import whole_folder

CHUNK = 64

PAUSES = tuple(FIRST_PAUSE * 2**times + 1.0 for times in range(4))
"""Seconds until images are tried again whose host is left alone: each time as long as it is."""

LOOK_SECONDS = 0.5

log = logs.get()


def run(
    context: ProjectContext,
    chosen: Chosen,
    side: int,
    folder: Path,
    progress: Callable[[int, int], None],
) -> TrainingSet:
    """Fetch and decode images; those that can't be used now are left out.

    Args:
        context: the project, and the services to work on it with.
        chosen: rows to train on, and to choose the best epoch by.
        side: of the decoded images in pixels.
        folder: for them; made by this call, whole or not at all.
        progress: called with images done so far, and of all.

    Raises:
        RetryLaterError: Label Studio does not answer.
        CancelledError: `progress` raised it.
    """
    services = context.services
    tasks = services.mirror.tasks(context.project, chosen.task_ids.tolist())
    shape = (len(tasks), 3, side, side)
    kept: list[int] = []
    with whole_folder(folder) as unfinished:
        images: Pixels = open_memmap(unfinished / IMAGES, "w+", np.uint8, shape)  # type: ignore[no-untyped-call]
        done = 0
        progress(done, len(tasks))
        with closing(_decoded(context, tasks, side, lambda: progress(done, len(tasks)))) as decoded:
            for done, (task, pixels) in enumerate(decoded, start=1):
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


def _decoded(
    context: ProjectContext, tasks: Sequence[MirroredTask], side: int, look: Callable[[], None]
) -> Generator[tuple[int, Pixels | None], None, None]:
    """Number and pixels (3, side, side) of each task; None where its image can't be used now.

    A host may have been given up for a few other images: those of it that were not asked for come last.
    """
    for pause in PAUSES:
        unasked = yield from _decoded_once(context, tasks, side)
        if not unasked:
            return
        log.info("waiting for hosts that did not answer", images=len(unasked), seconds=pause)
        end = time.monotonic() + pause
        while time.monotonic() < end:
            look()
            time.sleep(LOOK_SECONDS)
        tasks = [task for task in tasks if task.id in unasked]
    for task in (yield from _decoded_once(context, tasks, side)):
        yield task, None


def _decoded_once(
    context: ProjectContext, tasks: Sequence[MirroredTask], side: int
) -> Generator[tuple[int, Pixels | None], None, set[int]]:
    """As `_decoded`, without those that were not asked for, which are returned."""
    unasked: set[int] = set()
    for start in range(0, len(tasks), CHUNK):
        addresses = {task.id: task.image for task in tasks[start : start + CHUNK]}
        with closing(batch.fetch_all(context.services.images, addresses)) as portions:
            for portion in portions:
                later = {task for task, each in portion.items() if isinstance(each, Unavailable) and each.is_unasked}
                unasked |= later
                yield from _decoded_portion(
                    context, {task: outcome for task, outcome in portion.items() if task not in later}, side
                )
    return unasked


def _decoded_portion(context: ProjectContext, portion: Portion, side: int) -> Iterator[tuple[int, Pixels | None]]:
    files = {task: data for task, data in portion.items() if not isinstance(data, Unavailable)}
    problems = {task: outcome.reason for task, outcome in portion.items() if isinstance(outcome, Unavailable)}
    for task, problem in problems.items():
        log.warning("image can't be used", task=task, reason=problem)
        yield task, None
    for task, outcome in context.services.decoders.decode_each(files.items(), side, context.project.key):
        if isinstance(outcome, ImageError):
            log.warning("image can't be used", task=task, reason=str(outcome))
            yield task, None
        else:
            yield task, outcome.pixels.transpose(2, 0, 1)
