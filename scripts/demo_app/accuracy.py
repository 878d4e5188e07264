"""How well the active version does on images that nobody has labelled, since the demo knows their true labels."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from scripts.cli.progress import progress
from scripts.demo_app.project import DemoProject
from scripts.stack.client import BackendPage, Json, LabelStudioPage, ShownPrediction

BATCH = 100
# The web process learns of a new version a moment after Label Studio.
SWITCH_SECONDS = 10.0


@dataclass(frozen=True)
class AccuracyPoint:
    """One point of the learning curve.

    Attributes:
        labels: annotations in the project.
        accuracy: share of unlabelled images whose highest choice is the true one, in [0, 1]; None where none is left.
        version: that predicted them, or None.
    """

    labels: int
    accuracy: float | None
    version: str | None


def measure(
    demo: DemoProject, labelled: Collection[int], expected: str | None, page: LabelStudioPage, backend: BackendPage
) -> AccuracyPoint:
    """Ask the backend for a prediction of every unlabelled task, in batches, as Label Studio would.

    Args:
        demo: the project with its true labels.
        labelled: ids of the tasks to leave out.
        expected: the active version, waited for where the backend still answers with the one before; None for any.
        page: Label Studio.
        backend: the backend.
    """
    project = page.details()
    unlabelled = sorted(demo.truth.keys() - set(labelled))
    tasks = [{"id": task, "data": {"image": demo.images[task]}} for task in unlabelled]
    _wait_for(expected, project, tasks[:1], backend)
    predictions: list[ShownPrediction] = []
    title = f"accuracy at {len(labelled)} labels"
    with progress(title, len(tasks), "image", kept=False) as bar:
        for start in range(0, len(tasks), BATCH):
            predictions += backend.predict(project, tasks[start : start + BATCH])
            bar.advance(len(predictions) - start)
    if not predictions:
        return AccuracyPoint(len(labelled), None, expected)
    right = sum(found.choice == demo.truth[task] for task, found in zip(unlabelled, predictions, strict=True))
    return AccuracyPoint(len(labelled), right / len(predictions), predictions[-1].version)


def _wait_for(expected: str | None, project: Json, some: Sequence[Json], backend: BackendPage) -> None:
    deadline = time.monotonic() + SWITCH_SECONDS
    while some and expected is not None and time.monotonic() < deadline:
        if backend.predict(project, some)[0].version == expected:
            return
        time.sleep(0.2)
