"""How well the active version does on images that nobody has labelled, since the demo knows their true labels."""

from collections.abc import Collection
from dataclasses import dataclass

from tqdm import tqdm

from scripts.demo_app.client import BackendPage, LabelStudioPage
from scripts.demo_app.project import DemoProject

BATCH = 100


@dataclass(frozen=True)
class CurvePoint:
    """One point of the learning curve.

    Attributes:
        labels: annotations in the project.
        accuracy: share of unlabelled images whose highest choice is the true one, in [0, 1]; None where none is left.
        version: that predicted them, or None.
    """

    labels: int
    accuracy: float | None
    version: str | None


def measure(demo: DemoProject, labelled: Collection[int], page: LabelStudioPage, backend: BackendPage) -> CurvePoint:
    """Ask the backend for a prediction of every unlabelled task, in batches, as Label Studio would."""
    project = page.details()
    unlabelled = sorted(demo.truth.keys() - set(labelled))
    right, version = 0, None
    with tqdm(total=len(unlabelled), desc=f"accuracy at {len(labelled)} labels", unit="image", leave=False) as bar:
        for start in range(0, len(unlabelled), BATCH):
            batch = unlabelled[start : start + BATCH]
            tasks = [{"id": task, "data": {"image": demo.images[task]}} for task in batch]
            predictions = backend.predict(project, tasks)
            right += sum(found.choice == demo.truth[task] for task, found in zip(batch, predictions, strict=True))
            version = predictions[-1].version
            bar.update(len(batch))
    return CurvePoint(len(labelled), right / len(unlabelled) if unlabelled else None, version)
