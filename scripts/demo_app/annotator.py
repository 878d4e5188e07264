"""A simulated annotator, who knows the true labels and works through Label Studio's own *next task*."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scripts.demo_app.project import DemoProject
from scripts.stack.client import HandedTask, LabelStudioPage
from scripts.stack.image_project import choice_region

SAME_SCORE = 1e-9
# Label Studio's word for a task that was handed out earlier and not answered since.
LOCKED_EARLIER = "Task lock"


@dataclass(frozen=True)
class SeenOrder:
    """What Label Studio goes by: its active version, and that version's lowest score among unlabelled tasks, if any."""

    version: str
    lowest: float | None


@dataclass(frozen=True)
class Submitted:
    """One annotation, as it was seen from the annotator's chair.

    Attributes:
        task: that Label Studio handed out.
        annotation: its id.
        version: active when the task was handed out; None before there was one.
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
        orders = [self._order()]
        handed = self._page.next_task()
        if handed is None:
            return None
        shown_at = time.monotonic()
        if self._page.active_version() != orders[0].version:
            # A version became active meanwhile: the task was handed out by the one or by the other.
            orders.append(self._order())
        time.sleep(max(0.0, self._pace - (time.monotonic() - shown_at)))
        return self._submit(handed, orders, time.monotonic() - shown_at)

    def _order(self) -> SeenOrder:
        """The active version and its lowest score among unlabelled tasks, both seen while it was active."""
        while True:
            version = self._page.active_version()
            lowest = self._page.lowest_score()
            if version == self._page.active_version():
                return SeenOrder(version, lowest)

    def _submit(self, handed: HandedTask, orders: Sequence[SeenOrder], lead_time: float) -> Submitted:
        truth = self._demo.truth[handed.task]
        verdicts = [self._was_lowest(handed, order) for order in orders]
        # The version by whose order it was handed out; where neither explains it, the later one.
        version = orders[verdicts.index(True) if True in verdicts else -1].version
        prediction = handed.of(version)
        submitted_at = time.monotonic()
        annotation = self._page.submit(handed.task, [choice_region(truth)], lead_time)
        return Submitted(
            task=handed.task,
            annotation=annotation,
            version=version if self._is_version(version) else None,
            rank_score=prediction.score if prediction is not None else None,
            was_lowest=True if True in verdicts else verdicts[-1],
            prediction_right=prediction.choice == truth if prediction is not None and prediction.choice else None,
            submitted_at=submitted_at,
            submit_seconds=time.monotonic() - submitted_at,
        )

    @staticmethod
    def _was_lowest(handed: HandedTask, order: SeenOrder) -> bool | None:
        if order.lowest is None or handed.queue.startswith(LOCKED_EARLIER):
            return None
        prediction = handed.of(order.version)
        return prediction is not None and prediction.score is not None and prediction.score <= order.lowest + SAME_SCORE
