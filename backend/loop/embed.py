"""Turn the images of new tasks into features, each image once."""

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from tqdm import tqdm

from backend.images.embed import RETRY, ImageEmbedder
from backend.project import Project
from backend.queue.progress import show_progress
from backend.store.mirror import Mirror
from model.backbone.backbone import Backbone

CHUNK = 64
"""Tasks fetched, embedded and recorded together: what a killed run has to do again at most."""

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


def run(project: Project, mirror: Mirror, embedder: ImageEmbedder, backbone: Backbone, seconds: float) -> Embedded:
    """Embed tasks without a feature, oldest first, until none is left or the time for this run is used up.

    Args:
        project: of Label Studio.
        mirror: knows which tasks have no feature.
        embedder: of images.
        backbone: whose features are wanted.
        seconds: that the run may take, and the images that are on their way at their end; of these, slow ones are left
            to the next run.

    Raises:
        RetryLaterError: Label Studio does not answer, or the backbone is not exported yet.
    """
    todo = mirror.tasks_to_embed(project, datetime.now(UTC) - RETRY)
    embedded = Embedded(left=len(todo))
    deadline = time.monotonic() + seconds
    with tqdm(total=len(todo), desc="embed", unit="image", disable=not todo or not sys.stderr.isatty()) as bar:
        for start in range(0, len(todo), CHUNK):
            if start and time.monotonic() > deadline:
                break
            chunk = todo[start : start + CHUNK]
            done = embedder.embed_tasks(project, backbone, chunk, deadline)
            if done.undecided and not (done.hashes or done.problems):
                # No verdict in all that time: as an image of a dead host, or the next run would fare no better at once.
                mirror.record_images(project, {}, dict.fromkeys(done.undecided, NO_TIME))
            embedded.images += done.computed
            embedded.left -= len(done.hashes) + len(done.problems)
            bar.update(len(chunk))
            show_progress(start + len(chunk), len(todo), "embed")
    return embedded
