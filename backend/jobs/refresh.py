"""While nobody annotates: give the rest of the queue the active version's predictions, a small slice at a time."""

from collections.abc import Callable, Iterator

from backend import logs, predictions, queueing
from backend.labelstudio.config import Labeling
from backend.project import Project
from backend.services import Services
from backend.store.mirror import MirroredTask
from backend.store.versions import Version

log = logs.get()


def pending(version: Version, tasks: list[MirroredTask], most: int) -> list[MirroredTask]:
    """Tasks whose predictions are not the version's, in the queue's order, then those with too many old ones.

    Args:
        most: predictions that a task may keep.
    """
    by_id = {task.id: task for task in tasks}
    queued = [by_id[task] for task in version.task_ids.tolist() if task in by_id]
    stale = [task for task in queued if task.published_version != version.name]
    known = {task.id for task in stale}
    crowded = [task for task in tasks if task.predictions > most and task.id not in known]
    return stale + crowded


def run(
    project: Project, services: Services, version: Version, labeling: Labeling, interrupted: Callable[[], bool]
) -> int:
    """Refresh slices until all tasks are up to date or somebody is at work again.

    A slice's tasks lose their old predictions first and get the new one then; a slice that was cut off between the two
    is found again, because the mirror says that it has no predictions before they are removed.

    Returns:
        How many tasks were refreshed.
    """
    todo = pending(version, services.mirror.tasks(project), services.settings.predictions_per_task)
    done = 0
    for tasks in slices(todo, services.settings.slice_size):
        if interrupted():
            return done
        services.mirror.record_unpublished(project, tasks)
        services.label_studio.delete_predictions(project.id, tasks)
        predictions.publish(project, services, version, labeling, tasks)
        done += len(tasks)
        queueing.show_progress(done, len(todo), "refresh")
    services.mirror.record_refreshed(project, version.name)
    return done


def slices(tasks: list[MirroredTask], size: int) -> Iterator[list[int]]:
    """Cut tasks into slices of at most `size` old predictions, one task at least.

    Label Studio on SQLite takes 5 ms to remove a prediction, and no annotator can submit meanwhile.
    """
    current: list[int] = []
    held = 0
    for task in tasks:
        weight = max(task.predictions, 1)
        if current and held + weight > size:
            yield current
            current, held = [], 0
        current.append(task.id)
        held += weight
    if current:
        yield current
