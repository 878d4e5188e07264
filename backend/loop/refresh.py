"""While nobody annotates: give the rest of the queue the active version's predictions, a small slice at a time."""

import time
from collections.abc import Callable

from backend.label_studio.config import Labeling
from backend.loop.predictions import Publisher
from backend.queue.progress import show_progress
from backend.services import ProjectContext
from backend.store.records.mirror import MirroredTask
from backend.store.versions import Version

SLICE_SECONDS = 0.5
"""Slices that take Label Studio longer become smaller: so long a Submit may have to wait for one."""

PAUSE_SECONDS = 0.05


def pending(version: Version, tasks: list[MirroredTask], most: int) -> list[MirroredTask]:
    """Tasks whose predictions are not the version's, in the queue's order, then those with too many old predictions.

    Of tasks that somebody may have open, no prediction is removed. Predictions of the version's quick head are not the
    version's any more once it has a served one.

    Args:
        version: the active one.
        tasks: of the project.
        most: predictions that a task may keep.
    """
    by_id = {task.id: task for task in tasks}
    queued = [by_id[task] for task in version.task_ids.tolist() if task in by_id]
    stale = [task for task in queued if task.published_version != version.edition]
    known = {task.id for task in stale}
    crowded = [task for task in tasks if task.predictions > most and task.id not in known and not task.may_be_open]
    return stale + crowded


def run(context: ProjectContext, version: Version, labeling: Labeling, interrupted: Callable[[], bool]) -> int:
    """Refresh until all tasks are up to date or somebody is at work again.

    Tasks that somebody may have open have their prediction changed, one after the other: those in front first, those
    that were in front last. The others are refreshed in slices: a slice's tasks lose their old predictions first and
    get the new one then; a slice that was cut off between the two is found again, because the mirror says that it has
    no predictions before they are removed.

    Returns:
        How many tasks were refreshed.
    """
    project, services = context.project, context.services
    publisher = Publisher(context, version, labeling)
    todo = pending(version, services.mirror.tasks(project), services.settings.predictions_per_task)
    # Asked once: a task may close meanwhile.
    opened = {task.id for task in todo if task.may_be_open}
    front = [task.id for task in todo if task.is_in_front]
    were_in_front = [task.id for task in todo if task.id in opened and not task.is_in_front]
    closed = [task for task in todo if task.id not in opened]
    largest = size = services.settings.slice_size
    while front or closed or were_in_front:
        done = len(todo) - len(front) - len(closed) - len(were_in_front)
        show_progress(done, len(todo), "refresh")
        if interrupted():
            return done
        started = time.monotonic()
        if front or not closed:
            publisher.change((front or were_in_front).pop(0))
        else:
            tasks = first_slice(closed, size)
            services.mirror.record_unpublished(project, tasks)
            services.label_studio.delete_predictions(project.id, tasks)
            publisher.publish(tasks)
            closed = closed[len(tasks) :]
            size = max(1, min(largest, round(size * SLICE_SECONDS / (time.monotonic() - started))))
        _let_others_write(time.monotonic() - started, interrupted)
    services.mirror.record_refreshed(project, version.name)
    return len(todo)


def first_slice(tasks: list[MirroredTask], size: int) -> list[int]:
    """The first tasks with at most `size` old predictions together, one task at least.

    Label Studio on SQLite takes 5 ms to remove a prediction, and no annotator can submit meanwhile.
    """
    held = 0
    for index, task in enumerate(tasks):
        held += max(task.predictions, 1)
        if index and held > size:
            return [task.id for task in tasks[:index]]
    return [task.id for task in tasks]


def _let_others_write(seconds: float, interrupted: Callable[[], bool]) -> None:
    """Pause as long as the slice took: SQLite hands its lock to whoever asks at the right moment, not in turn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not interrupted():
        time.sleep(PAUSE_SECONDS)
