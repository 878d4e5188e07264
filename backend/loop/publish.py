"""Make a version the one that Label Studio shows and sorts by: the beginning of its queue first, then the switch.

How much of the queue is published at once follows how fast people label: what they are handed before the next version
can be there. What they may be handed while a version is published goes before the switch, what follows after it; tasks
that never had a prediction get their first at once. The rest is left to `backend.loop.refresh`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from backend import logs
from backend.errors import RetryLaterError
from backend.label_studio.config import Labeling
from backend.loop.predictions import LAST
from backend.loop.publisher import Publisher
from backend.services import ProjectContext
from backend.store.records.mirror import MirroredTask, Pace
from backend.store.versions import Version

PACE = timedelta(seconds=20)
"""Whoever labels is taken to label on as fast as within this time."""

AT_WORK = timedelta(minutes=10)
"""Who has labelled within this time may be at work still."""

LOCKED = timedelta(days=1)
"""For so long Label Studio keeps a task for whom it was handed to."""

PUBLISHING_SECONDS = 1.0
"""Publishing what follows the switch takes no longer, as a rule."""

VERSION_SECONDS = 8.0
"""The next version is there no later, as a rule."""

SPARE = 1
"""Tasks beyond those, for somebody who joins in."""

LEAST_HEAD = 12
"""Tasks for people who begin at once to label fast.

Where all that is left of a version's predictions is locked by others, Label Studio says that nothing is left at all.
"""

log = logs.get()


@dataclass(frozen=True)
class Reach:
    """How far into the queue people may get.

    Attributes:
        first: tasks that need their prediction before the switch, at least 1.
        head: tasks that need it before the next version, no fewer than `first`.
    """

    first: int
    head: int

    @classmethod
    def of(cls, labelling: Pace, holding: int, most: int) -> Self:
        """Reach of people who label at this pace.

        Args:
            labelling: those at work, all of them together.
            holding: people who may keep a task locked, those at work included.
            most: tasks; at least 1.
        """
        people = max(labelling.people, 1)
        first = people + math.ceil(labelling.per_second * PUBLISHING_SECONDS) + SPARE
        # Each may hold one task, and get another one, without an answer in between.
        head = first + max(holding, people) + math.ceil(labelling.per_second * VERSION_SECONDS)
        return cls(min(first, most), min(max(head, LEAST_HEAD), most))


def run(
    context: ProjectContext,
    version: Version,
    labeling: Labeling,
    miscounted: Sequence[int],
    still_ours: Callable[[], None],
    shown: str,
) -> int:
    """Publish the beginning of the version's queue and switch the project to the version.

    Args:
        context: the project, and the services to work on it with.
        version: to publish.
        labeling: the project's label config, read.
        miscounted: tasks whose annotations Label Studio miscounts; see `Publisher.add`.
        still_ours: raises when the lease on the project was lost; asked right before the switch.
        shown: the project's `model_version` when the run began: only that is replaced.

    Returns:
        How many predictions were published.

    Raises:
        PublicationRefusedError: Label Studio stored fewer than it was sent; the old version stays active.
        RetryLaterError: Label Studio does not answer, or took none; the old version stays active.
    """
    services, settings = context.services, context.services.settings
    publisher, reach = Publisher(context, version, labeling), _reach(context)
    begin = _mirrored(context, first_of(version, settings.queue_head) or _stand_in(version))
    head, bare = begin[: reach.head], [task for task in begin[reach.head :] if not task.predictions]
    behind = [task for task in head[reach.first :] if not publisher.has_room(task)]
    stored = publisher.publish([task for task in head if task not in behind] + bare)
    if not stored:
        # It would have no task to hand out.
        raise RetryLaterError(f"Label Studio took none of the predictions of version {version.name}.")
    if miscounted:
        stored += _count_anew(publisher, miscounted)
    still_ours()
    if services.label_studio.project(context.project.id).model_version != shown:
        log.warning("another version was chosen by hand meanwhile; it stays", version=version.name)
        return stored
    switch(context, version)
    stored += publisher.publish(behind)
    services.versions.prune(context.project, settings.versions_kept)
    return stored


def put_back(context: ProjectContext, version: Version, labeling: Labeling) -> None:
    """Publish the beginning of the active version's queue again, of which predictions were deleted."""
    publisher, reach = Publisher(context, version, labeling), _reach(context)
    begin = _mirrored(context, first_of(version, context.services.settings.queue_head))
    lost = [
        task
        for place, task in enumerate(begin)
        if task.published_version is None and (place < reach.head or publisher.has_room(task))
    ]
    publisher.publish(lost)


def switch(context: ProjectContext, version: Version) -> None:
    """Make the version active in Label Studio, then in the mirror."""
    project, services, settings = context.project, context.services, context.services.settings
    front, stay_open = first_of(version, settings.queue_front), timedelta(seconds=settings.open_task_seconds)
    services.mirror.record_front(project, front, stay_open)
    services.label_studio.set_model_version(project.id, version.name)
    services.versions.activate(project, version.name)


def first_of(version: Version, count: int) -> list[int]:
    """The first tasks of a version's queue, but for those that nothing is known of."""
    tasks: list[int] = version.task_ids[version.scores < LAST][:count].tolist()
    return tasks


def _stand_in(version: Version) -> list[int]:
    """A task to publish where none is worth asking for: Label Studio knows a version by its predictions only.

    So the last labels of a project are learned, too, and those that are given while no other image can be had.
    """
    unlabelled: list[int] = version.task_ids[:1].tolist()
    return unlabelled or [label.task for label in version.record.labels[-1:]]


def _reach(context: ProjectContext) -> Reach:
    mirror, project = context.services.mirror, context.project
    labelling = Pace(mirror.pace(project, PACE).per_second, mirror.pace(project, AT_WORK).people)
    return Reach.of(labelling, mirror.pace(project, LOCKED).people, context.services.settings.queue_head)


def _mirrored(context: ProjectContext, tasks: Sequence[int]) -> list[MirroredTask]:
    by_id = {task.id: task for task in context.services.mirror.tasks(context.project, tasks)}
    return [by_id[task] for task in tasks if task in by_id]


def _count_anew(publisher: Publisher, tasks: Sequence[int]) -> int:
    """Have Label Studio count these tasks' annotations; they have been answered, so nobody begins from what goes."""
    for _ in publisher.make_room(tasks, publisher.most - 1):
        pass
    return publisher.add([], tasks)
