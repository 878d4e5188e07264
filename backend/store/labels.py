"""From annotations to labels: which choice a task stands for when several people, or one person twice, answered."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from backend.label_studio.provenance import Provenance
from backend.store.records.label_counts import OTHERS, LabelCounts

NO_LABELS = frozenset({Provenance.UNSEEN, Provenance.AUTOMATIC})
"""Origins of annotations that teach nothing: a model's own answers, accepted without a look."""

MOST_DROPPED = 50
"""Choices that the label config lost which are counted one by one."""

LONGEST_NAME = 200
"""Characters of such a choice that are told."""


@dataclass(frozen=True)
class Annotation:
    """An annotation as the mirror keeps it.

    Attributes:
        choice: None when it holds no answer.
        lead_time: seconds that the person worked on it, as Label Studio's page measured them; None where it did not.
        provenance: where it comes from, as far as it shows now.
        began_unseen: a person's by now, but it was an import's, a copy's or an auto-labelling's before.
        other_tag: control tag that the choice is of, where the label config has another one.
        odd: its answer can't be read.
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
    provenance: Provenance = Provenance.PERSON
    began_unseen: bool = False
    other_tag: str | None = None
    odd: bool = False

    @property
    def automatic(self) -> bool:
        """Made by an auto-labelling, and not touched by a person since."""
        return self.provenance is Provenance.AUTOMATIC

    @property
    def by_person(self) -> bool:
        """Whether somebody looked at the task for it."""
        return self.provenance is Provenance.PERSON


@dataclass(frozen=True)
class Label:
    """The class of a task, the annotations that say so, and when the task was first answered.

    Attributes:
        imported: no person gave it, an import did.
    """

    task_id: int
    choice: str
    annotation_ids: tuple[int, ...]
    updated_at: datetime
    answered_at: datetime
    imported: bool = False


def resolve(
    annotations: Iterable[Annotation], current: Callable[[str], str | None], *, imports_are_truth: bool = False
) -> dict[int, Label]:
    """One label per task.

    Annotations that are skipped or empty, that nobody looked at, that can't be read, or whose choice the label config
    no longer has are not labels. Ground truth wins, then what people say, then imports; among them the majority, and
    among equals the choice that was given most recently.

    Args:
        annotations: of one project, in any order.
        current: the config's class for a stored choice, or None.
        imports_are_truth: imported annotations are ground truth where Label Studio flags them so, as it does unless
            the import says otherwise; else that flag counts where a person touched the annotation since.

    Returns:
        Labels by task id, ascending.
    """
    by_task: dict[int, list[_Vote]] = {}
    for annotation in annotations:
        choice = _counting_choice(annotation, current)
        if choice is not None:
            rank = _rank(annotation, imports_are_truth)
            by_task.setdefault(annotation.task_id, []).append(_Vote(annotation, choice, rank))
    return {task: _decide(task, by_task[task]) for task in sorted(by_task)}


def count(
    annotations: Iterable[Annotation], labels: Mapping[int, Label], current: Callable[[str], str | None]
) -> LabelCounts:
    """What the annotations of a project come to.

    Args:
        annotations: of one project.
        labels: of `resolve`.
        current: as for `resolve`.
    """
    unskipped = [each for each in annotations if not each.skipped]
    kinds = Counter(each.provenance for each in unskipped)
    imported = sum(label.imported for label in labels.values())
    lost = (_lost_choice(each, current) for each in unskipped if each.provenance not in NO_LABELS)
    return LabelCounts(
        people=len(labels) - imported,
        imported=imported,
        unseen=kinds[Provenance.UNSEEN],
        automatic=kinds[Provenance.AUTOMATIC],
        dropped=_most_common(Counter(name for name in lost if name is not None)),
        odd=sum(each.odd for each in unskipped),
        classes=len({label.choice for label in labels.values()}),
    )


@dataclass(frozen=True)
class _Vote:
    """What an annotation says, and how much it weighs: only those of the highest rank are counted."""

    annotation: Annotation
    choice: str
    rank: int


def _rank(annotation: Annotation, imports_are_truth: bool) -> int:
    if annotation.ground_truth and (annotation.by_person or imports_are_truth):
        return 2
    return 1 if annotation.by_person else 0


def _counting_choice(annotation: Annotation, current: Callable[[str], str | None]) -> str | None:
    if annotation.skipped or annotation.choice is None or annotation.other_tag is not None:
        return None
    return None if annotation.provenance in NO_LABELS else current(annotation.choice)


def _lost_choice(annotation: Annotation, current: Callable[[str], str | None]) -> str | None:
    """The choice of an annotation that the label config no longer has, as a person is told it."""
    if annotation.choice is None:
        return None
    if annotation.other_tag is not None:
        return f"{annotation.choice[:LONGEST_NAME]} of {annotation.other_tag[:LONGEST_NAME]}"
    return annotation.choice[:LONGEST_NAME] if current(annotation.choice) is None else None


def _most_common(lost: Counter[str]) -> dict[str, int]:
    told = dict(lost.most_common(MOST_DROPPED))
    rest = lost.total() - sum(told.values())
    return {**told, OTHERS: rest} if rest else told


def _decide(task: int, answers: list[_Vote]) -> Label:
    highest = max(vote.rank for vote in answers)
    votes = [vote for vote in answers if vote.rank == highest]
    counts = Counter(vote.choice for vote in votes)
    most = max(counts.values())
    last = max(
        (vote for vote in votes if counts[vote.choice] == most),
        key=lambda vote: (vote.annotation.updated_at, vote.annotation.id),
    )
    behind = [vote.annotation for vote in votes if vote.choice == last.choice]
    return Label(
        task_id=task,
        choice=last.choice,
        annotation_ids=tuple(sorted(annotation.id for annotation in behind)),
        updated_at=max(annotation.updated_at for annotation in behind),
        answered_at=min(vote.annotation.created_at for vote in answers),
        imported=not any(annotation.by_person for annotation in behind),
    )
