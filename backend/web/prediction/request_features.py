"""Features of the tasks in a request: stored ones, and those of images that are fetched and embedded in time."""

import time
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass

from backend import logs
from backend.errors import LabelLoopError
from backend.images import batch
from backend.images.batch import Portion
from backend.images.embed import ImageEmbedder
from backend.images.fetcher import ImageFetcher
from backend.images.outcome import Unavailable
from backend.project import Project
from backend.store.features import FeatureStore
from backend.store.mirror import Mirror
from backend.transport.deadline import until
from model.arrays import FloatArray
from model.backbone.backbone import Backbone
from model.errors import ModelError

CHUNK = 16
"""Images that are fetched and embedded together; the deadline is checked in between."""

log = logs.get()


@dataclass(frozen=True)
class RequestFeatures:
    """Finds them. Safe to use from several threads.

    Attributes:
        seconds: after which no further chunk is begun.
    """

    mirror: Mirror
    stored: FeatureStore
    fetcher: ImageFetcher
    embedder: ImageEmbedder
    seconds: float

    def find(self, project: Project, backbone: Backbone, addresses: Mapping[int, str]) -> dict[int, FloatArray]:
        """Features, (backbone.width,) each, by task, of those that could be had; never raises for an image.

        Args:
            project: of Label Studio.
            backbone: whose features are wanted.
            addresses: of the images by task, as the request has them: the mirror may know older ones.
        """
        deadline = time.monotonic() + self.seconds
        with until(deadline):
            mirrored = self.mirror.tasks_showing(project, addresses)
        features = self.stored.of_tasks(backbone, mirrored)
        new = [task for task in addresses if task not in features]
        for start in range(0, len(new), CHUNK):
            if time.monotonic() > deadline:
                log.warning("out of time; the rest is scored by a job", project=project.id, tasks=len(new) - start)
                break
            chunk = {task: addresses[task] for task in new[start : start + CHUNK]}
            features |= self._embed(project, backbone, chunk, {task.id for task in mirrored}, deadline)
        return features

    def _embed(
        self,
        project: Project,
        backbone: Backbone,
        addresses: Mapping[int, str],
        mirrored: Collection[int],
        deadline: float,
    ) -> dict[int, FloatArray]:
        """Features by task; the mirror remembers the images of those tasks that it has with the same image."""
        found: dict[int, FloatArray] = {}
        with closing(batch.fetch_by(deadline, self.fetcher, addresses)) as portions:
            for portion in portions:
                found |= self._embed_portion(project, backbone, portion, mirrored, deadline)
        return found

    def _embed_portion(
        self,
        project: Project,
        backbone: Backbone,
        portion: Portion,
        mirrored: Collection[int],
        deadline: float,
    ) -> dict[int, FloatArray]:
        files = {task: data for task, data in portion.items() if not isinstance(data, Unavailable)}
        problems = {task: outcome.reason for task, outcome in portion.items() if isinstance(outcome, Unavailable)}
        try:
            embedded = self.embedder.embed_files(project, backbone, files, deadline)
        except (LabelLoopError, ModelError) as error:
            log.warning("nothing could be embedded", project=project.id, reason=str(error))
            embedded = self.embedder.find_files(backbone, files)
        problems |= embedded.problems
        problems |= dict.fromkeys(embedded.undecided, "not decoded in time; a job goes on with it.")
        for task, problem in problems.items():
            log.warning("image can't be used", project=project.id, task=task, reason=problem)
        self.mirror.record_images(
            project, {task: embedded.hashes[task] for task in embedded.hashes if task in mirrored}, {}
        )
        return embedded.by_task
