"""Turns the images of tasks into stored features, each image once, whatever its address."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Self

from backend import logs
from backend.images import batch
from backend.images.batch import Portion
from backend.images.embedders import Embedders
from backend.images.fetcher import ImageFetcher
from backend.images.outcome import Unavailable
from backend.project import Project
from backend.store.features import FeatureStore, content_hash
from backend.store.mirror import Mirror
from backend.store.records.mirror import MirroredTask
from backend.store.refused_images import RefusedImages
from model.arrays import FloatArray
from model.backbone.backbone import Backbone
from model.errors import ImageError, UndecidedError
from model.images.decoders import Decoders

SLACK = 5.0
"""Seconds for decoding the last images of work that has a deadline, beside those that one of them may take."""

log = logs.get()


@dataclass(frozen=True, eq=False)
class EmbeddedImages:
    """What became of some tasks' images.

    Attributes:
        hashes: content hash by task, of each image that has a feature.
        features: (d,) by content hash.
        problems: by task, why its image can't be used.
        undecided: tasks whose image there was no time for.
        computed: how many of the features were not stored before.
        unasked: tasks among those with problems whose image was not asked for, since its host is given up for others.
    """

    hashes: dict[int, str]
    features: dict[str, FloatArray]
    problems: dict[int, str]
    undecided: frozenset[int]
    computed: int
    unasked: frozenset[int] = frozenset()

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """All of several."""
        whole = cls({}, {}, {}, frozenset(), 0)
        for part in parts:
            whole = cls(
                whole.hashes | part.hashes,
                whole.features | part.features,
                whole.problems | part.problems,
                whole.undecided | part.undecided,
                whole.computed + part.computed,
                whole.unasked | part.unasked,
            )
        return whole

    @property
    def by_task(self) -> dict[int, FloatArray]:
        """(d,) by task, of each image that has a feature."""
        return {task: self.features[key] for task, key in self.hashes.items()}


@dataclass(frozen=True)
class ImageEmbedder:
    """Fetches, embeds and remembers. Safe to use from several threads: a project's images don't wait for another's."""

    fetcher: ImageFetcher
    mirror: Mirror
    features: FeatureStore
    refused: RefusedImages
    embedders: Embedders
    decoders: Decoders

    def embed_tasks(
        self, project: Project, backbone: Backbone, tasks: Sequence[MirroredTask], deadline: float = math.inf
    ) -> EmbeddedImages:
        """Embed these tasks, and record in the mirror what became of their images.

        Args:
            project: of Label Studio.
            backbone: that embeds.
            tasks: with the images.
            deadline: by the monotonic clock, after which no image is begun. What is on its way then is decoded, as far
                as there is time; of the others nothing is recorded.

        Raises:
            RetryLaterError: Label Studio does not answer, or the backbone is not exported yet.
        """
        addresses = {task.id: task.image for task in tasks}
        parts = []
        with closing(batch.fetch_all(self.fetcher, addresses, begin_until=deadline)) as portions:
            for portion in portions:
                # As long as one may take: else those in front would have no verdict, and be in front again.
                decoded_by = max(deadline, time.monotonic()) + self.decoders.limits.seconds + SLACK
                parts.append(self._embed_portion(project, backbone, portion, decoded_by))
        return EmbeddedImages.joined(parts)

    def _embed_portion(self, project: Project, backbone: Backbone, portion: Portion, deadline: float) -> EmbeddedImages:
        unavailable = {task: outcome for task, outcome in portion.items() if isinstance(outcome, Unavailable)}
        files = {task: data for task, data in portion.items() if not isinstance(data, Unavailable)}
        embedded = self.embed_files(project, backbone, files, deadline)
        problems = {task: outcome.reason for task, outcome in unavailable.items()} | embedded.problems
        # Of a host that is given up, one line was logged: it may have any number of images.
        told = {task for task, outcome in unavailable.items() if outcome.is_unasked}
        for task in sorted(problems.keys() - told):
            log.warning("image can't be used", task=task, reason=problems[task])
        unasked = {task: problems.pop(task) for task in told}
        self.mirror.record_images(project, embedded.hashes, problems)
        self.mirror.record_unasked(project, unasked)
        return replace(embedded, problems=problems | unasked, unasked=frozenset(told))

    def embed_files(
        self, project: Project, backbone: Backbone, files: Mapping[int, bytes], deadline: float = math.inf
    ) -> EmbeddedImages:
        """Embed image files; the features go into the store, and those that are there already are not made again.

        Args:
            project: of Label Studio, whose images they are.
            backbone: that embeds.
            files: by task.
            deadline: by the monotonic clock, after which nothing is decoded.

        Raises:
            RetryLaterError: the backbone is not exported yet.
        """
        hashes = {task: content_hash(data) for task, data in files.items()}
        stored = self._stored(backbone, hashes)
        content = {hashes[task]: data for task, data in files.items()}
        refused = self.refused.reasons(content.keys() - stored)
        unknown = {key: content[key] for key in sorted(content.keys() - stored.keys() - refused.keys())}
        outcomes = self._compute(project, backbone, unknown, deadline)
        computed = {key: outcome for key, outcome in outcomes.items() if not isinstance(outcome, ImageError)}
        broken = {key: str(outcome) for key, outcome in outcomes.items() if isinstance(outcome, ImageError)}
        unsure = {key for key, outcome in outcomes.items() if isinstance(outcome, UndecidedError)}
        self.features.add(backbone, computed)
        self.refused.remember({key: reason for key, reason in broken.items() if key not in unsure})
        # With time left, it was not for want of time: that image is tried again after a while, as one of a dead host.
        late = unsure if time.monotonic() >= deadline else set()
        features = stored | computed
        problems = refused | {key: reason for key, reason in broken.items() if key not in late}
        return EmbeddedImages(
            hashes={task: key for task, key in hashes.items() if key in features},
            features=features,
            problems={task: problems[key] for task, key in hashes.items() if key in problems},
            undecided=frozenset(task for task, key in hashes.items() if key in late),
            computed=len(computed),
        )

    def find_files(self, backbone: Backbone, files: Mapping[int, bytes]) -> EmbeddedImages:
        """What is stored of image files already; asks nothing of the backbone's export.

        Args:
            backbone: whose features are wanted.
            files: by task.
        """
        hashes = {task: content_hash(data) for task, data in files.items()}
        stored = self._stored(backbone, hashes)
        return EmbeddedImages({task: key for task, key in hashes.items() if key in stored}, stored, {}, frozenset(), 0)

    def _stored(self, backbone: Backbone, hashes: Mapping[int, str]) -> dict[str, FloatArray]:
        """Features that are stored, by content hash."""
        keys = sorted(set(hashes.values()))
        found, missing = self.features.get(backbone, keys)
        return {key: found[position] for position, key in enumerate(keys) if position not in missing}

    def _compute(
        self, project: Project, backbone: Backbone, files: Mapping[str, bytes], deadline: float
    ) -> dict[str, FloatArray | ImageError]:
        """Features of files by their hash, or what is wrong with them."""
        if not files:
            return {}
        embedder = self.embedders.get(backbone)
        return dict(embedder.embed_bytes(files.items(), self.decoders, owner=project.key, deadline=deadline))
