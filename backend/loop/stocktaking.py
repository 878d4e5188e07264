"""Whether Label Studio still holds the predictions that we published: anybody may delete them, and no event tells."""

from backend import logs
from backend.services import ProjectContext
from backend.store.versions import Version

log = logs.get()


def run(context: ProjectContext, active: Version) -> bool:
    """Compare the counts of our predictions with the mirror's, and put the mirror right where they differ.

    The counts are one cheap request; only where they differ, all predictions are listed.

    Returns:
        Whether tasks have lost the active version's prediction; they have a place in no refreshed queue any more.
    """
    project, services = context.project, context.services
    names = services.versions.ours(project)
    counts = services.label_studio.prediction_counts(project.id)
    believed = services.mirror.published(project, active.name)
    held = sum(count for name, count in counts.items() if name in names)
    # A task may have two of the active version, by an import and by an answer to `/predict`: they are more than tasks.
    if counts.get(active.name, 0) >= believed.of_version and held == believed.predictions:
        return False
    by_task: dict[int, set[int]] = {}
    of_version: set[int] = set()
    for prediction in services.label_studio.predictions(project.id):
        if prediction.model_version in names:
            by_task.setdefault(prediction.task, set()).add(prediction.id)
        if prediction.model_version == active.name:
            of_version.add(prediction.task)
    tasks = services.mirror.tasks(project)
    services.mirror.record_predictions(project, {task.id: len(by_task.get(task.id, ())) for task in tasks})
    editions = (active.name, active.edition)
    lost = [task.id for task in tasks if task.published_version in editions and task.id not in of_version]
    unknown = [task.id for task in tasks if task.published_version not in editions and task.id in of_version]
    services.mirror.record_unpublished(project, lost)
    # By which of its heads is not known: the refresh makes them anew.
    services.mirror.record_published(project, unknown, active.name)
    if lost:
        services.mirror.record_refreshed(project, None)
        log.warning("predictions were deleted in Label Studio; they are published again", tasks=len(lost))
    return bool(lost)
