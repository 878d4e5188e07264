"""Make a version the one that Label Studio shows and sorts by: the head of its queue first, then the switch."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from backend.label_studio.config import Labeling
from backend.loop.predictions import LAST, Publisher
from backend.services import ProjectContext
from backend.store.versions import Version


def run(
    context: ProjectContext,
    version: Version,
    labeling: Labeling,
    labelled: Sequence[int],
    still_ours: Callable[[], None],
) -> int:
    """Import the predictions of the queue's head and switch the project to the version.

    Args:
        context: the project, and the services to work on it with.
        version: to publish.
        labeling: the project's label config, read.
        labelled: tasks labelled since the last version; see `backend.loop.predictions.Publisher`.
        still_ours: raises when the lease on the project was lost; asked right before the switch.

    Returns:
        How many predictions were stored.

    Raises:
        PublicationRefusedError: Label Studio stored fewer than it was sent; the old version stays active.
    """
    settings = context.services.settings
    head = _first(version, settings.queue_head)
    stored = Publisher(context, version, labeling).publish(head, labelled) if head or labelled else 0
    still_ours()
    switch(context, version)
    context.services.versions.prune(context.project, settings.versions_kept)
    return stored


def switch(context: ProjectContext, version: Version) -> None:
    """Make the version active in Label Studio, then in the mirror."""
    project, services, settings = context.project, context.services, context.services.settings
    front, stay_open = _first(version, settings.queue_front), timedelta(seconds=settings.open_task_seconds)
    services.mirror.record_front(project, front, stay_open)
    services.label_studio.set_model_version(project.id, version.name)
    services.versions.activate(project, version.name)


def _first(version: Version, count: int) -> list[int]:
    tasks: list[int] = version.task_ids[version.scores < LAST][:count].tolist()
    return tasks
