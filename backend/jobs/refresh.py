"""While nobody annotates: give the rest of the queue the active version's predictions, a small slice at a time."""

from collections.abc import Callable

from backend import logs, predictions, queueing
from backend.labelstudio.config import Labeling
from backend.project import Project
from backend.services import Services
from backend.store.mirror import MirroredTask
from backend.store.versions import Version

log = logs.get()


def pending(version: Version, tasks: list[MirroredTask], most: int) -> list[int]:
    """Tasks whose predictions are not the version's, in the queue's order, then those with too many old ones.

    Args:
        most: predictions that a task may keep.
    """
    by_id = {task.id: task for task in tasks}
    queued = [by_id[task] for task in version.task_ids.tolist() if task in by_id]
    stale = [task.id for task in queued if task.published_version != version.name]
    known = set(stale)
    crowded = [task.id for task in tasks if task.predictions > most and task.id not in known]
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
    size = services.settings.slice_size
    for start in range(0, len(todo), size):
        if interrupted():
            return start
        tasks = todo[start : start + size]
        services.mirror.record_unpublished(project, tasks)
        services.label_studio.delete_predictions(project.id, tasks)
        predictions.publish(project, services, version, labeling, tasks)
        queueing.show_progress(start + len(tasks), len(todo), "refresh")
    services.mirror.record_refreshed(project, version.name)
    return len(todo)
