"""Turns the images of tasks into stored features, each image once, whatever its address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from backend import logs
from backend.images import batch
from backend.images.embedders import Embedders
from backend.images.fetcher import ImageFetcher, Unavailable
from backend.project import Project
from backend.store.features import FeatureStore, content_hash
from backend.store.mirror import Mirror
from backend.store.records.mirror import MirroredTask
from model.arrays import FloatArray
from model.backbone.backbone import Backbone
from model.errors import ImageError
from model.images import ImageLimits

log = logs.get()


@dataclass(frozen=True, eq=False)
class EmbeddedImages:
    """What became of some tasks' images.

    Attributes:
        hashes: content hash by task, of each image that has a feature.
        features: (d,) by content hash.
        problems: by task, why its image can't be used.
        computed: how many of the features were not stored before.
    """

    hashes: dict[int, str]
    features: dict[str, FloatArray]
    problems: dict[int, str]
    computed: int

    @property
    def by_task(self) -> dict[int, FloatArray]:
        """(d,) by task, of each image that has a feature."""
        return {task: self.features[key] for task, key in self.hashes.items()}


@dataclass(frozen=True)
class ImageEmbedder:
    """Fetches, embeds and remembers. Safe to use from several threads: one embeds at a time."""

    fetcher: ImageFetcher
    mirror: Mirror
    features: FeatureStore
    embedders: Embedders
    limits: ImageLimits
    _embedding: Lock = field(default_factory=Lock, repr=False)

    def embed_tasks(self, project: Project, backbone: Backbone, tasks: Sequence[MirroredTask]) -> EmbeddedImages:
        """Embed these tasks, all at once, and record in the mirror what became of their images.

        Args:
            project: of Label Studio.
            backbone: that embeds.
            tasks: as many as fit into memory together with their images.

        Raises:
            RetryLaterError: Label Studio does not answer, or the backbone is not exported yet.
        """
        fetched = batch.fetch_all(self.fetcher, {task.id: task.image for task in tasks})
        unavailable = {task: outcome.reason for task, outcome in fetched.items() if isinstance(outcome, Unavailable)}
        files = {task: data for task, data in fetched.items() if not isinstance(data, Unavailable)}
        embedded = self.embed_files(backbone, files)
        problems = unavailable | embedded.problems
        for task, problem in sorted(problems.items()):
            log.warning("image can't be used", task=task, reason=problem)
        self.mirror.record_images(project, embedded.hashes, problems)
        return EmbeddedImages(embedded.hashes, embedded.features, problems, embedded.computed)

    def embed_files(self, backbone: Backbone, files: Mapping[int, bytes]) -> EmbeddedImages:
        """Embed image files; the features go into the store, and those that are there already are not made again.

        Args:
            backbone: that embeds.
            files: by task.

        Raises:
            RetryLaterError: the backbone is not exported yet.
        """
        hashes = {task: content_hash(data) for task, data in files.items()}
        stored = self._stored(backbone, hashes)
        content = {hashes[task]: data for task, data in files.items()}
        computed, broken = self._compute(backbone, {key: content[key] for key in sorted(content.keys() - stored)})
        self.features.add(backbone, computed)
        return EmbeddedImages(
            hashes={task: key for task, key in hashes.items() if key not in broken},
            features=stored | computed,
            problems={task: broken[key] for task, key in hashes.items() if key in broken},
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
        return EmbeddedImages({task: key for task, key in hashes.items() if key in stored}, stored, {}, 0)

    def _stored(self, backbone: Backbone, hashes: Mapping[int, str]) -> dict[str, FloatArray]:
        """Features that are stored, by content hash."""
        keys = sorted(set(hashes.values()))
        found, missing = self.features.get(backbone, keys)
        return {key: found[position] for position, key in enumerate(keys) if position not in missing}

    def _compute(self, backbone: Backbone, files: Mapping[str, bytes]) -> tuple[dict[str, FloatArray], dict[str, str]]:
        """Features of files by their hash, and what is wrong with the others."""
        features: dict[str, FloatArray] = {}
        broken: dict[str, str] = {}
        if not files:
            return features, broken
        with self._embedding:
            for key, outcome in self.embedders.get(backbone).embed_bytes(files.items(), self.limits):
                if isinstance(outcome, ImageError):
                    broken[key] = str(outcome)
                else:
                    features[key] = outcome
        return features, broken
