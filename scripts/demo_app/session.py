"""A session of the simulated annotator: wait for the first order, annotate, measure at the points of the curve."""

import time
from dataclasses import dataclass

from scripts.cli.progress import progress, tracked
from scripts.demo_app.accuracy import AccuracyPoint, measure
from scripts.demo_app.annotator import Annotator, Submitted
from scripts.demo_app.finetuning import RequestedFinetuning
from scripts.demo_app.project import DemoProject
from scripts.demo_app.report import SessionSeen, point_line
from scripts.demo_app.versions import VersionWatch
from scripts.stack.client import BackendPage, LabelStudioPage

CURVE_POINTS = 10
# The labels at which a team first looks at the figures, and at which the acceptance of the demo compares orders.
ALSO_MEASURED_AT = 50
SETTLE_SECONDS = 60.0
FIRST_ORDER_SECONDS = 60.0
# Slow machines embed about ten images a second.
EMBED_SECONDS_PER_IMAGE = 0.1


@dataclass(frozen=True)
class Addresses:
    """Where the session's two servers are and how to get in.

    Attributes:
        label_studio: address of Label Studio.
        token: legacy token of the annotator.
        backend: address of the backend.
        basic_auth: user and password of the backend.
    """

    label_studio: str
    token: str
    backend: str
    basic_auth: tuple[str, str]

    def page(self, project: int) -> LabelStudioPage:
        """A session with Label Studio for one thread."""
        return LabelStudioPage(self.label_studio, self.token, project)

    def service(self, project: int) -> BackendPage:
        """A session with the backend for one thread."""
        return BackendPage(self.backend, self.basic_auth, project)


def curve_points(count: int) -> set[int]:
    """After which annotations of a session the accuracy is measured: each tenth, the fiftieth, and the last."""
    tenths = {round(count * step / CURVE_POINTS) for step in range(1, CURVE_POINTS + 1)}
    return {point for point in tenths | {ALSO_MEASURED_AT, count} if 1 <= point <= count}


def run(demo: DemoProject, addresses: Addresses, count: int, pace: float, finetune: int | None = None) -> SessionSeen:
    """Annotate `count` tasks, or what is left, and return what was seen.

    Args:
        demo: the project, whose true labels the annotator knows.
        addresses: of Label Studio and the backend.
        count: annotations to make.
        pace: least seconds that the annotator takes for a task.
        finetune: annotations after which the backbone's fine-tuning is asked for; it is waited for at the end.

    Raises:
        StackError: Label Studio or the backend stopped answering.
    """
    watch = VersionWatch(addresses.page(demo.project), addresses.service(demo.project))
    try:
        _wait_for_first_order(watch, addresses.service(demo.project), len(demo.truth))
        return _annotate(demo, addresses, count, pace, watch, finetune)
    finally:
        watch.close()


def _annotate(
    demo: DemoProject, addresses: Addresses, count: int, pace: float, watch: VersionWatch, finetune: int | None
) -> SessionSeen:
    page, service = addresses.page(demo.project), addresses.service(demo.project)
    annotator = Annotator(page, demo, pace, lambda name: any(version.name == name for version in watch.seen))
    labelled = page.labelled_tasks()
    left = len(demo.truth) - len(labelled)
    if left < count:
        print(f"Only {left} tasks are left to annotate; {count} were asked for.")
    points = curve_points(min(count, left))
    submitted: list[Submitted] = []
    curve: list[AccuracyPoint] = []
    seconds = 0.0
    finetuning: RequestedFinetuning | None = None
    for number in tracked(range(1, min(count, left) + 1), "annotating", unit="task"):
        started = time.monotonic()
        each = annotator.annotate_next()
        if each is None:
            break
        seconds += time.monotonic() - started
        submitted.append(each)
        labelled.add(each.task)
        if number in points:
            # Measured when the loop has caught up, so that a point belongs to exactly so many labels.
            watch.wait_for(frozenset(each.annotation for each in submitted), SETTLE_SECONDS)
            versions = watch.seen
            curve.append(measure(demo, labelled, versions[-1].name if versions else None, page, service))
            print(point_line(curve[-1]), flush=True)
        if number == finetune:
            finetuning = RequestedFinetuning(addresses.service(demo.project), lambda: watch.seen)
    finetuned = None if finetuning is None else finetuning.wait()
    if finetuned is not None:
        curve.append(measure(demo, labelled, watch.seen[-1].name, page, service))
        print(point_line(curve[-1]), flush=True)
    return SessionSeen(submitted, curve, watch.seen, frozenset(page.labelled_tasks()), seconds, finetuned)


def _wait_for_first_order(watch: VersionWatch, service: BackendPage, images: int) -> None:
    """Wait for the backend to look at the images; an annotator who begins earlier is handed random ones."""
    patience = FIRST_ORDER_SECONDS + images * EMBED_SECONDS_PER_IMAGE
    deadline = time.monotonic() + patience
    before = service.images_embedded()
    with progress("looking at the images", images, "image", kept=False) as bar:
        while not watch.wait_for(frozenset(), 1.0):
            bar.reach(min(images, service.images_embedded() - before))
            if time.monotonic() > deadline:
                print(f"The queue has no order after {patience:.0f} s (see worker.log); annotating in random order.")
                return
