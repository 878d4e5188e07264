"""In which order tasks are labelled automatically where Label Studio fails at some."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from backend.autolabel.write import Tasks, Writer
from backend.errors import RetryLaterError
from backend.label_studio import config
from backend.label_studio.client import LabelStudio
from backend.project import Project
from backend.store.records.autolabeling import Autolabeling, AutolabelPhase, AutolabelRequest, Candidate
from scripts.stack.image_project import label_config

LABELING = config.read(label_config(["red", "blue"]))
PLAN = [Candidate(task, "red", 0.9) for task in (1, 2, 3)]
STATE = Autolabeling("20260101-000000-000", AutolabelPhase.APPLYING, AutolabelRequest(threshold=0.5), "")


@dataclass
class Annotated:
    """A Label Studio that fails at some tasks, or does not answer at all."""

    broken: frozenset[int] = frozenset()
    is_away: bool = False
    tasks: list[int] = field(default_factory=list)

    def whoami(self) -> None:
        if self.is_away:
            raise RetryLaterError("Label Studio does not answer.")

    def annotate(self, project: int, task: int, result: Sequence[Any], unique_id: str) -> None:
        if self.is_away or task in self.broken:
            raise RetryLaterError("Label Studio answers 500.")
        self.tasks.append(task)


def write(writer: Writer, label_studio: Annotated) -> int:
    """A step of an auto-labelling that has labelled so many tasks."""
    ours = {task: 100 + task for task in label_studio.tasks}
    return writer.write(PLAN, Tasks(ours, frozenset()), LABELING, lambda: False)


def test_a_task_that_can_not_be_labelled_keeps_no_other_waiting() -> None:
    label_studio = Annotated(broken=frozenset({1}))
    writer = Writer(cast(LabelStudio, label_studio), Project("http://label-studio.example", 1), STATE)
    assert write(writer, label_studio) == 3
    assert label_studio.tasks == [2, 3]
    with pytest.raises(RetryLaterError):
        write(writer, label_studio)
    label_studio.broken = frozenset()
    assert write(writer, label_studio) == 1
    assert label_studio.tasks == [2, 3, 1]


def test_a_label_studio_that_is_away_is_no_task_that_can_not_be_labelled() -> None:
    label_studio = Annotated(is_away=True)
    writer = Writer(cast(LabelStudio, label_studio), Project("http://label-studio.example", 1), STATE)
    with pytest.raises(RetryLaterError):
        write(writer, label_studio)
