"""What people have answered in an audit, read off the mirror."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from backend.store.labels import Annotation, Label
from backend.store.pulled import LONG_AGO
from backend.store.records.autolabeling import AuditedTask
from model.autolabel.certificate import AuditAnswer


def by_persons(annotations: Iterable[Annotation]) -> dict[int, list[Annotation]]:
    """What people submitted or skipped, by task."""
    found: dict[int, list[Annotation]] = {}
    for annotation in annotations:
        if annotation.by_person:
            found.setdefault(annotation.task_id, []).append(annotation)
    return found


def answered(audit: Iterable[AuditedTask], existing: Iterable[int], persons: Mapping[int, object]) -> list[int]:
    """Tasks of the audit that nobody need answer any more: submitted, skipped, or deleted."""
    known = set(existing)
    return [each.task for each in audit if each.task in persons or each.task not in known]


def begun_before(audited: AuditedTask, given: Iterable[Annotation]) -> bool:
    """Whether somebody was at work on a task before it was drawn, and may have seen what the model says.

    Who updates an annotation that was made of a prediction saw that, whenever it was.
    """
    drawn = datetime.fromisoformat(audited.drawn_at)
    return any(each.began_unseen or _began(each) < drawn for each in given)


def _began(annotation: Annotation) -> datetime:
    """When somebody began to work on an annotation, however long that may have been."""
    try:
        return annotation.created_at - timedelta(seconds=annotation.lead_time or 0.0)
    except OverflowError:
        return LONG_AGO


def answer(task: int, predicted: str, given: list[Annotation], label: Label | None) -> AuditAnswer:
    """An audited task's answer; one without a label, as when it was skipped or deleted, counts as wrong.

    Args:
        task: its id.
        predicted: the class that would be submitted.
        given: what people submitted for it.
        label: what that comes to.
    """
    last = max((each.updated_at for each in given), default=None)
    return AuditAnswer(
        task=task,
        predicted=predicted,
        answered=None if label is None else label.choice,
        annotations=tuple(sorted(each.id for each in given)),
        answered_at="" if last is None else last.astimezone(UTC).isoformat(),
    )
