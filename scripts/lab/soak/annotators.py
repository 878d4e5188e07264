"""People who label without a pause, as Label Studio's page does."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from scripts.cli.connection.api import ApiError
from scripts.lab.soak.projects import SoakProject
from scripts.stack.client import LabelStudioPage
from scripts.stack.errors import RefusedError, StackError
from scripts.stack.image_project import choice_region

AGAIN_SECONDS = 0.5


@dataclass(frozen=True)
class Submit:
    """A label that somebody submitted.

    Attributes:
        project: Label Studio's number.
        task: that was labelled.
        at: when the answer came, by the monotonic clock.
        seconds: that the answer took.
    """

    project: int
    task: int
    at: float
    seconds: float


@dataclass
class Submits:
    """What all of them submitted.

    Attributes:
        taken: what Label Studio answered with 201.
        refused: a line for each answer 4xx, which costs a person the label.
        unanswered: how often Label Studio was away meanwhile.
    """

    taken: list[Submit] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unanswered: int = 0


class SoakAnnotator(threading.Thread):
    """Labels the next task of one project after the other, correctly."""

    def __init__(
        self,
        token: str,
        projects: Sequence[SoakProject],
        submits: Submits,
        stopping: threading.Event,
        pace: float,
        number: int,
    ) -> None:
        """Begin with `start`.

        Args:
            token: of this user.
            projects: taken in turn.
            submits: gets what was submitted.
            stopping: set when it is to end.
            pace: least seconds for an image.
            number: of this annotator: with which project to begin.
        """
        super().__init__(name=f"annotator {number}", daemon=True)
        self._projects = projects
        self._pages = [LabelStudioPage(each.installation.label_studio.url, token, each.id) for each in projects]
        self._submits, self._stopping, self._pace = submits, stopping, pace
        self._turn = number

    def run(self) -> None:
        """Label until it is told to stop."""
        while not self._stopping.is_set():
            begun = time.monotonic()
            place = self._turn % len(self._projects)
            self._turn += 1
            try:
                self._label(self._projects[place], self._pages[place])
            except RefusedError as problem:
                self._submits.refused.append(str(problem))
            except (StackError, ApiError):
                self._submits.unanswered += 1
                self._stopping.wait(AGAIN_SECONDS)
            self._stopping.wait(max(0.0, begun + self._pace - time.monotonic()))

    def _label(self, project: SoakProject, page: LabelStudioPage) -> None:
        known = len(project.truth)
        handed = page.next_task()
        if handed is None:
            project.grow(known)
            return
        region = choice_region(project.class_of(handed.task))
        begun = time.monotonic()
        page.submit(handed.task, [region], lead_time=self._pace, begun_from=handed.newest)
        ended = time.monotonic()
        self._submits.taken.append(Submit(project.id, handed.task, ended, ended - begun))
