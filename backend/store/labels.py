"""From annotations to labels: which choice a task stands for when several people, or one person twice, answered."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Annotation:
    """An annotation as the mirror keeps it.

    Attributes:
        choice: None when it holds no answer.
        lead_time: seconds that the person worked on it, as Label Studio's page measured them; None where it did not.
        automatic: made by an auto-labelling, and not touched by a person since.
    """

    id: int
    task_id: int
    choice: str | None
    skipped: bool
    ground_truth: bool
    completed_by: int | None
    created_at: datetime
    updated_at: datetime
    lead_time: float | None = None
    automatic: bool = False


@dataclass(frozen=True)
class Label:
    """The class of a task, the annotations that say so, and when the task was first answered."""

    task_id: int
    choice: str
    annotation_ids: tuple[int, ...]
    updated_at: datetime
    answered_at: datetime


def resolve(annotations: Iterable[Annotation], current: Callable[[str], str | None]) -> dict[int, Label]:
    """One label per task.

    Skipped, empty and automatic annotations, and choices that the label config no longer has, are not labels. Ground
    truth wins; otherwise the majority, and among equals the choice that was given most recently.

    Args:
        annotations: of one project, in any order.
        current: the config's class for a stored choice, or None.

    Returns:
        Labels by task id, ascending.
    """
    by_task: dict[int, list[tuple[Annotation, str]]] = {}
    for annotation in annotations:
        counts = not (annotation.skipped or annotation.automatic)
        choice = current(annotation.choice) if counts and annotation.choice is not None else None
        if choice is not None:
            by_task.setdefault(annotation.task_id, []).append((annotation, choice))
    return {task: _majority(task, by_task[task]) for task in sorted(by_task)}


def _majority(task: int, answers: list[tuple[Annotation, str]]) -> Label:
    truths = [answer for answer in answers if answer[0].ground_truth]
    votes = truths or answers
    counts = Counter(choice for _, choice in votes)
    most = max(counts.values())
    _, winner = max(
        ((annotation.updated_at, annotation.id), choice) for annotation, choice in votes if counts[choice] == most
    )
    behind = [annotation for annotation, choice in votes if choice == winner]
    return Label(
        task_id=task,
        choice=winner,
        annotation_ids=tuple(sorted(annotation.id for annotation in behind)),
        updated_at=max(annotation.updated_at for annotation in behind),
        answered_at=min(annotation.created_at for annotation, _ in answers),
    )
