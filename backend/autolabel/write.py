"""Write automatic annotations into Label Studio and take them back, a few at a time, in any order, killed at any point.

Both steps begin with what the mirror, just pulled, says of each task, so that a step that was cut off is simply done
again. Label Studio itself refuses a second automatic annotation of a task (see `automatic.unique_id`), also where a
killed job made one that the mirror has not seen.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend import logs
from backend.errors import ConflictError, NotFoundError, RetryLaterError
from backend.label_studio import automatic
from backend.label_studio.client import LabelStudio
from backend.label_studio.config import Labeling
from backend.label_studio.provenance import Provenance
from backend.project import Project
from backend.store.labels import NO_LABELS, Annotation
from backend.store.records.autolabeling import Autolabeling, Candidate

SLICE = 20
"""Annotations written between two looks at what people did meanwhile."""

PAUSE_SHARE = 1.0
"""Of the time that a write took, before the next: SQLite hands its lock to whoever asks at the right moment."""

log = logs.get()


@dataclass(frozen=True)
class Tasks:
    """What Label Studio holds of the tasks in question.

    Attributes:
        ours: id of the automatic annotation by task.
        persons: tasks that a person annotated or skipped, or that were imported with an annotation.
        unseen: tasks with an annotation that nobody looked at: they are not written to.
    """

    ours: dict[int, int]
    persons: frozenset[int]
    unseen: frozenset[int] = frozenset()

    @classmethod
    def of(cls, annotations: Sequence[Annotation]) -> "Tasks":
        """From what the mirror holds."""
        return cls(
            ours={each.task_id: each.id for each in annotations if each.automatic},
            persons=frozenset(each.task_id for each in annotations if each.provenance not in NO_LABELS),
            unseen=frozenset(each.task_id for each in annotations if each.provenance is Provenance.UNSEEN),
        )


class Writer:
    """Writes for one auto-labelling."""

    def __init__(self, label_studio: LabelStudio, project: Project, state: Autolabeling) -> None:
        self._label_studio = label_studio
        self._project = project
        self._name, self._certified = state.name, state.certified
        # What needs nothing more although the mirror looks as if it did.
        self._settled_tasks: set[int] = set()
        self._settled_annotations: set[int] = set()
        self._refused: set[int] = set()

    def write(
        self, plan: Sequence[Candidate], tasks: Tasks, labeling: Labeling, interrupted: Callable[[], bool]
    ) -> int:
        """Label the next few tasks that nobody annotated; return how many were left before.

        First an automatic annotation gives way where a person has annotated the same task meanwhile.

        Args:
            plan: all tasks to label.
            tasks: what the mirror knows of their annotations.
            labeling: the project's label config, read.
            interrupted: whether to stop after an annotation; at least one is made.

        Raises:
            RetryLaterError: Label Studio does not answer, or nothing is left but what it fails to label.
        """
        for task in [each.task for each in plan if each.task in tasks.ours and each.task in tasks.persons]:
            self._take_back(tasks.ours[task])
        annotated = tasks.persons | tasks.unseen | tasks.ours.keys() | self._settled_tasks
        left = [each for each in plan if each.task not in annotated]
        others = [each for each in left if each.task not in self._refused]
        for candidate in (others or left)[:SLICE]:
            self._annotate_or_refuse(candidate, labeling)
            if interrupted():
                break
        return len(left)

    def take_back(self, plan: Sequence[Candidate], tasks: Tasks, interrupted: Callable[[], bool]) -> int:
        """Delete the next few automatic annotations of these tasks; return how many were left before.

        Each is looked at right before: one that a person changed meanwhile stays.

        Args:
            plan: all tasks that were labelled, or were to be.
            tasks: what the mirror knows of their annotations.
            interrupted: whether to stop after an annotation; at least one is looked at.
        """
        left = [tasks.ours[each.task] for each in plan if each.task in tasks.ours]
        left = [number for number in left if number not in self._settled_annotations]
        for number in left[:SLICE]:
            self._take_back(number)
            if interrupted():
                break
        return len(left)

    def _annotate_or_refuse(self, candidate: Candidate, labeling: Labeling) -> None:
        """Label a task; one that Label Studio fails to label though it answers comes after all others.

        Raises:
            RetryLaterError: Label Studio does not answer, or failed to label this task before.
        """
        try:
            self._annotate(candidate, labeling)
        except RetryLaterError as error:
            if candidate.task in self._refused:
                raise
            self._label_studio.whoami()
            self._refused.add(candidate.task)
            log.warning("a task can't be labelled; others come first", task=candidate.task, reason=str(error))

    def _annotate(self, candidate: Candidate, labeling: Labeling) -> None:
        choice = labeling.current(candidate.choice) or candidate.choice
        result = automatic.mark(labeling.regions(choice, candidate.confidence), self._name, self._certified)
        started = time.monotonic()
        try:
            unique = automatic.unique_id(self._name, candidate.task)
            self._label_studio.annotate(self._project.id, candidate.task, result, unique)
        except (NotFoundError, ConflictError):
            # Deleted meanwhile, or made by a job that was killed right after.
            self._settled_tasks.add(candidate.task)
        _let_others_write(started)

    def _take_back(self, number: int) -> None:
        started = time.monotonic()
        found = self._label_studio.annotation(number)
        if found is not None and automatic.marked(found) == self._name and automatic.is_automatic(found):
            self._label_studio.delete_annotation(number)
        else:
            self._settled_annotations.add(number)
        _let_others_write(started)


def _let_others_write(started: float) -> None:
    time.sleep((time.monotonic() - started) * PAUSE_SHARE)
