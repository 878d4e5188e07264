"""While nobody annotates: give the rest of the queue the active version's predictions, a small step at a time."""

import time
from collections.abc import Callable, Iterator, Sequence

from backend.label_studio.config import Labeling
from backend.loop.publisher import LOOKED_UP, Publisher
from backend.queue.progress import show_progress
from backend.services import ProjectContext
from backend.store.records.mirror import MirroredTask
from backend.store.versions import Version

SLICE_SECONDS = 0.5
"""Slices that take Label Studio longer become smaller: so long a Submit may have to wait for one."""

PAUSE_SECONDS = 0.05


def stale(version: Version, tasks: Sequence[MirroredTask]) -> list[MirroredTask]:
    """Tasks whose predictions are not the version's, in the queue's order.

    Predictions of the version's quick head are not the version's any more once it has a served one.

    Args:
        version: the active one.
        tasks: of the project.
    """
    by_id = {task.id: task for task in tasks}
    queued = [by_id[task] for task in version.task_ids.tolist() if task in by_id]
    return [task for task in queued if task.published_version != version.edition]


def crowded(tasks: Sequence[MirroredTask], most: int) -> list[MirroredTask]:
    """Tasks with too many predictions of ours, but for those that somebody may have open.

    An earlier release made them, or Label Studio itself, which stores what `/predict` answers.

    Args:
        tasks: of the project.
        most: predictions that a task may keep.
    """
    return [task for task in tasks if task.predictions > most and not task.may_be_open]


def run(context: ProjectContext, version: Version, labeling: Labeling, interrupted: Callable[[], bool]) -> int:
    """Refresh until all tasks are up to date or somebody is at work again.

    First tasks that have room are given a prediction, in slices; then the others have one changed, one after the other,
    in the queue's order; last, what is too many goes.

    Returns:
        How many tasks were refreshed.
    """
    project, services = context.project, context.services
    publisher = Publisher(context, version, labeling)
    tasks = services.mirror.tasks(project)
    todo, too_many = stale(version, tasks), crowded(tasks, publisher.most)
    done, total = 0, len(todo) + len(too_many)
    steps = _steps(publisher, todo, too_many, services.settings.slice_size)
    while not interrupted():
        show_progress(done, total, "refresh")
        started = time.monotonic()
        step = next(steps, None)
        if step is None:
            services.mirror.record_refreshed(project, version.name)
            break
        done += step
        _let_others_write(time.monotonic() - started, interrupted)
    return done


def _steps(
    publisher: Publisher, todo: Sequence[MirroredTask], too_many: Sequence[MirroredTask], largest: int
) -> Iterator[int]:
    """Refresh a few tasks a step; how many."""
    roomy = [task.id for task in todo if publisher.has_room(task)]
    size = largest
    while roomy:
        started = time.monotonic()
        yield publisher.add(roomy[:size])
        roomy = roomy[size:]
        size = max(1, min(largest, round(size * SLICE_SECONDS / (time.monotonic() - started))))
    yield from publisher.change([task.id for task in todo if not publisher.has_room(task)])
    for start in range(0, len(too_many), LOOKED_UP):
        yield from publisher.make_room([task.id for task in too_many[start : start + LOOKED_UP]], publisher.most)


def _let_others_write(seconds: float, interrupted: Callable[[], bool]) -> None:
    """Pause as long as the step took: SQLite hands its lock to whoever asks at the right moment, not in turn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not interrupted():
        time.sleep(min(PAUSE_SECONDS, max(0.0, end - time.monotonic())))
