"""A simulated annotator, who knows the true labels and works through Label Studio's own *next task*."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from scripts.demo_app.client import HandedTask, LabelStudioPage
from scripts.demo_app.project import FROM_NAME, TO_NAME, DemoProject

SAME_SCORE = 1e-9
# Label Studio's word for a task that was handed out earlier and not answered since.
LOCKED_EARLIER = "Task lock"


@dataclass(frozen=True)
class Submitted:
    """One annotation, as it was seen from the annotator's chair.

    Attributes:
        task: that Label Studio handed out.
        annotation: its id.
        version: active when the task was handed out; None where it changed meanwhile.
        rank_score: that this version gives the task; None where it gives none.
        was_lowest: whether no unlabelled task had a lower one; None where that cannot be told.
        prediction_right: whether the pre-annotation was the true class; None where there was none.
        submitted_at: monotonic seconds when *Submit* was pressed.
        submit_seconds: until Label Studio answered.
    """

    task: int
    annotation: int
    version: str | None
    rank_score: float | None
    was_lowest: bool | None
    prediction_right: bool | None
    submitted_at: float
    submit_seconds: float


class Annotator:
    """Labels task after task.

    Args:
        page: Label Studio, as the annotator.
        demo: the project with its true labels.
        pace: least seconds from seeing a task to submitting it.
        is_version: whether a `model_version` is a version of the backend's, not the connection's title.
    """

    def __init__(
        self, page: LabelStudioPage, demo: DemoProject, pace: float, is_version: Callable[[str], bool]
    ) -> None:
        self._page = page
        self._demo = demo
        self._pace = pace
        self._is_version = is_version

    def annotate_next(self) -> Submitted | None:
        """Take the next task, look at it as long as the pace says, and submit its class; None where none is left."""
        before = self._page.active_version()
        handed = self._page.next_task()
        if handed is None:
            return None
        shown_at = time.monotonic()
        lowest = self._page.lowest_score()
        # A new version between the two looks would be compared with the order of the old one.
        version = before if before == self._page.active_version() else None
        time.sleep(max(0.0, self._pace - (time.monotonic() - shown_at)))
        return self._submit(handed, version, lowest, time.monotonic() - shown_at)

    def _submit(self, handed: HandedTask, version: str | None, lowest: float | None, lead_time: float) -> Submitted:
        truth = self._demo.truth[handed.task]
        prediction = handed.of(version) if version is not None else None
        submitted_at = time.monotonic()
        annotation = self._page.submit(handed.task, [choice_region(truth)], lead_time)
        return Submitted(
            task=handed.task,
            annotation=annotation,
            version=version if version is not None and self._is_version(version) else None,
            rank_score=prediction.score if prediction is not None else None,
            was_lowest=self._was_lowest(handed, version, lowest),
            prediction_right=prediction.choice == truth if prediction is not None and prediction.choice else None,
            submitted_at=submitted_at,
            submit_seconds=time.monotonic() - submitted_at,
        )

    def _was_lowest(self, handed: HandedTask, version: str | None, lowest: float | None) -> bool | None:
        if version is None or lowest is None or handed.queue.startswith(LOCKED_EARLIER):
            return None
        prediction = handed.of(version)
        return prediction is not None and prediction.score is not None and prediction.score <= lowest + SAME_SCORE


def choice_region(name: str) -> dict[str, object]:
    """The region that Label Studio's page makes when a person picks a choice."""
    return {
        "id": uuid4().hex[:10],
        "from_name": FROM_NAME,
        "to_name": TO_NAME,
        "type": "choices",
        "origin": "manual",
        "value": {"choices": [name]},
    }
