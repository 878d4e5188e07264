"""Tasks and annotations as Label Studio sends them, read for the mirror: nothing in them is trusted to be well-formed.

An annotation that can't be read is kept, as an odd one: it counts among Label Studio's, and people are told of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from backend import logs
from backend.errors import OddResultError
from backend.label_studio import fields
from backend.label_studio.config import Labeling
from backend.label_studio.provenance import provenance
from backend.label_studio.task_data import image_address
from backend.project import is_id
from backend.store.labels import Annotation
from backend.store.records.mirror import PulledTask

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a time that can't be read."""

LONGEST_ADDRESS = 1_000_000
"""Characters of an image's address that are kept; larger images than fit into one have no place in a database."""

log = logs.get()


def read_tasks(listed: Iterable[Any], labeling: Labeling, *, annotated: bool) -> list[PulledTask]:
    """Read tasks; one without a number is left out, and said.

    Args:
        listed: as Label Studio sends them.
        labeling: the project's.
        annotated: whether they come with their annotations.
    """
    read, odd = [], 0
    for task in listed:
        if isinstance(task, dict) and is_id(task.get("id")):
            read.append(with_annotations(task, labeling) if annotated else without_annotations(task, labeling))
        else:
            odd += 1
    if odd:
        log.warning("tasks without a number were left out", tasks=odd)
    return read


def without_annotations(task: Mapping[str, Any], labeling: Labeling) -> PulledTask:
    """Read a task that was listed alone."""
    updated = fields.moment(task.get("updated_at")) or LONG_AGO
    return PulledTask(
        id=int(task["id"]),
        image=_address(task, labeling),
        created_at=fields.moment(task.get("created_at")) or updated,
        updated_at=updated,
        annotations=None,
    )


def with_annotations(task: Mapping[str, Any], labeling: Labeling) -> PulledTask:
    """Read a task that came with its annotations."""
    plain = without_annotations(task, labeling)
    given = task.get("annotations")
    annotations = tuple(
        _annotation(each, plain, labeling)
        for each in (given if isinstance(given, list) else ())
        if isinstance(each, dict) and is_id(each.get("id"))
    )
    counted = task.get("total_annotations")
    # An import of predictions that overlaps a submit sets the counter back.
    miscounted = isinstance(counted, int) and counted < sum(not each.skipped for each in annotations)
    return replace(plain, annotations=annotations, miscounted=miscounted)


def _annotation(annotation: Mapping[str, Any], task: PulledTask, labeling: Labeling) -> Annotation:
    odd, answer = False, None
    try:
        answer = labeling.answer(annotation.get("result"))
    except OddResultError:
        odd = True
    updated = fields.moment(annotation.get("updated_at")) or task.updated_at
    return Annotation(
        id=int(annotation["id"]),
        task_id=task.id,
        choice=None if answer is None else answer.choice,
        skipped=bool(annotation.get("was_cancelled")),
        ground_truth=bool(annotation.get("ground_truth")),
        completed_by=fields.reference(annotation.get("completed_by")),
        created_at=fields.moment(annotation.get("created_at")) or updated,
        updated_at=updated,
        lead_time=fields.seconds(annotation.get("lead_time")),
        provenance=provenance(annotation),
        other_tag=None if answer is None else answer.other_tag,
        odd=odd,
    )


def _address(task: Mapping[str, Any], labeling: Labeling) -> str:
    address = image_address(labeling.image, task.get("data"))
    return address if fields.is_storable(address, LONGEST_ADDRESS) else ""
