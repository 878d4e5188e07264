"""Turn the images of new tasks into features, each image once.

New images come before those that could not be used: these may each take all the time that a host has to answer, so
nobody who labels waits for them.
"""

import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tqdm import tqdm

from backend.images.embed import EmbeddedImages, ImageEmbedder
from backend.project import Project
from backend.queue.progress import show_progress
from backend.store.mirror import Mirror
from backend.store.records.mirror import MirroredTask
from model.backbone.backbone import Backbone

CHUNK = 64
"""Tasks fetched, embedded and recorded together: what a killed run has to do again at most."""

RETRY = timedelta(minutes=10)
"""An image that could not be used is tried again after this time: its host may have been down."""

NEVER = datetime.min.replace(tzinfo=UTC)

LEAST_SECONDS = 2.0
"""So long a run embeds although others wait."""

NO_TIME = "not decoded in time: the machine is too busy."


@dataclass
class Embedded:
    """What a run did.

    Attributes:
        images: computed.
        left: tasks that the next run embeds.
    """

    images: int = 0
    left: int = 0


@dataclass(frozen=True)
class EmbedStage:
    """Embeds for one project.

    Attributes:
        project: of Label Studio.
        mirror: knows which tasks have no feature.
        embedder: of images.
        backbone: whose features are wanted.
        others_wait: whether somebody waits for the worker.
    """

    project: Project
    mirror: Mirror
    embedder: ImageEmbedder
    backbone: Backbone
    others_wait: Callable[[], bool] = lambda: False

    def run(self, seconds: float, *, somebody_labels: bool = False) -> Embedded:
        """Embed until no task without a feature is left, or the time for this run is used up.

        Args:
            seconds: that the run may take, and the images that are on their way at their end; of these, slow ones are
                left to the next run.
            somebody_labels: leave out images that were asked for in vain before.

        Raises:
            RetryLaterError: Label Studio does not answer, or the backbone is not exported yet.
        """
        todo = self.mirror.tasks_to_embed(self.project, NEVER if somebody_labels else datetime.now(UTC) - RETRY)
        new = [task for task in todo if task.image_problem is None]
        again = [task for task in todo if task.image_problem is not None]
        # In another order each time: of hosts that don't answer, those in front must not keep the others waiting.
        random.shuffle(again)
        embedded = Embedded(left=len(new))
        begun = time.monotonic()
        with tqdm(total=len(todo), desc="embed", unit="image", disable=not todo or not sys.stderr.isatty()) as bar:
            for chunk in _chunks([*new, *again]):
                if self._is_over(begun, seconds):
                    break
                done = self._embed(chunk, begun + seconds)
                embedded.images += done.computed
                verdicts = done.hashes.keys() | done.problems.keys()
                embedded.left -= sum(task.id in verdicts for task in chunk if task.image_problem is None)
                bar.update(len(chunk))
                show_progress(round(bar.n), len(todo), "embed")
                if len(done.unasked) == len(chunk) and chunk[-1].image_problem is not None:
                    break
        return embedded

    def _embed(self, chunk: Sequence[MirroredTask], deadline: float) -> EmbeddedImages:
        done = self.embedder.embed_tasks(self.project, self.backbone, chunk, deadline)
        if done.undecided and not (done.hashes or done.problems):
            # No verdict in all that time: as an image of a dead host, or the next run would fare no better at once.
            self.mirror.record_images(self.project, {}, dict.fromkeys(done.undecided, NO_TIME))
        return done

    def _is_over(self, begun: float, seconds: float) -> bool:
        took = time.monotonic() - begun
        return took > seconds or (took > LEAST_SECONDS and self.others_wait())


def _chunks(tasks: Sequence[MirroredTask]) -> list[Sequence[MirroredTask]]:
    return [tasks[start : start + CHUNK] for start in range(0, len(tasks), CHUNK)]
