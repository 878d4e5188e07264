"""Everything a stage or a route needs, made once per process from the settings."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from backend.images.address_book import AddressBook
from backend.images.embed import ImageEmbedder
from backend.images.embedders import Embedders
from backend.images.fetcher import ImageFetcher
from backend.images.hosts import Hosts
from backend.label_studio.client import LabelStudio
from backend.project import Project
from backend.queue.marks import FadingMarks, FadingWord
from backend.queue.project_queue import ProjectQueue, connect
from backend.settings import Settings
from backend.store import database
from backend.store.autolabelings import AutolabelingStore
from backend.store.backbones import BackboneStore
from backend.store.features import FeatureStore
from backend.store.finetunings import FinetuningStore
from backend.store.mirror import Mirror
from backend.store.overview import Overviews
from backend.store.project_files import ProjectFiles
from backend.store.quarantine import Quarantine
from backend.store.refused_images import RefusedImages
from backend.store.sweep import Sweeper
from backend.store.sync import MirrorSync
from backend.store.versions import VersionStore
from backend.tracking.outbox import Outbox
from model.backbone.backbone import Origin
from model.images.decoders import Decoders
from model.images.limits import ImageLimits

if TYPE_CHECKING:
    from backend.store.dataset import DatasetReader
    from backend.store.geometry import GeometryStore


@dataclass(frozen=True)
class Services:
    """The outside world as the backend sees it.

    Each part is made at its first use: nothing is connected, and no ONNX session exists, before a work-horse is forked.
    """

    settings: Settings

    def project(self, project_id: int) -> Project:
        """A project of the Label Studio that this backend serves."""
        return Project(self.settings.label_studio_url, project_id)

    @cached_property
    def label_studio(self) -> LabelStudio:
        """The API that the settings name."""
        return LabelStudio(self.settings.label_studio_url, self.settings.label_studio_api_key)

    @cached_property
    def addresses(self) -> AddressBook:
        """How tasks' image addresses are read."""
        memory = FadingWord(self.queue.redis, self.queue.keys, "label-studio-name")
        return AddressBook(self.label_studio, self.settings.label_studio_names, memory)

    @cached_property
    def images(self) -> ImageFetcher:
        """Fetches images from wherever tasks point to."""
        settings = self.settings
        return ImageFetcher(
            self.label_studio,
            max_bytes=settings.image_max_bytes,
            seconds=settings.image_fetch_seconds,
            document_root=settings.label_studio_local_files_document_root,
            addresses=self.addresses,
            allow_private=settings.networks_allowed,
            hosts=Hosts(FadingMarks(self.queue.redis, self.queue.keys, "host-given-up")),
        )

    @cached_property
    def decoders(self) -> Decoders:
        """Processes that decode images, within the settings' limits; none is started before it is needed."""
        settings = self.settings
        return Decoders(
            ImageLimits(
                max_bytes=settings.image_max_bytes,
                max_pixels=settings.image_max_pixels,
                seconds=settings.image_decode_seconds,
                megabytes=settings.image_decode_megabytes,
            )
        )

    @cached_property
    def refused_images(self) -> RefusedImages:
        """Images that could not be decoded within the limits, by content."""
        return RefusedImages(self._engine, self.decoders.limits)

    @cached_property
    def embedders(self) -> Embedders:
        """Backbones at work in this process."""
        return Embedders(self.backbones, self.settings.device)

    @cached_property
    def image_embedder(self) -> ImageEmbedder:
        """From a task's address to its stored feature."""
        return ImageEmbedder(
            fetcher=self.images,
            mirror=self.mirror,
            features=self.features,
            refused=self.refused_images,
            embedders=self.embedders,
            decoders=self.decoders,
        )

    @cached_property
    def queue(self) -> ProjectQueue:
        """Jobs, leases and marks of this Label Studio's projects."""
        return ProjectQueue(
            connect(self.settings.redis_url),
            self.settings.label_studio_url,
            lease_seconds=self.settings.lease_seconds,
            job_seconds=self.settings.run_timeout_seconds,
        )

    @cached_property
    def _engine(self) -> Engine:
        return database.connect(self.settings.database_url, self.settings.model_dir)

    @cached_property
    def mirror(self) -> Mirror:
        """What was pulled from Label Studio and published there."""
        return Mirror(self._engine, self.addresses.canonical)

    @cached_property
    def overviews(self) -> Overviews:
        """Projects in numbers."""
        return Overviews(self._engine)

    @cached_property
    def sync(self) -> MirrorSync:
        """Pulls projects into the mirror."""
        seconds, foreign = self.settings.full_comparison_seconds, self.settings.foreign_predictions == "use"
        return MirrorSync(self.label_studio, self.mirror, self.versions, self.project_files, seconds, foreign)

    @cached_property
    def versions(self) -> VersionStore:
        """Versions of all projects."""
        return VersionStore(self._engine, self.settings.model_dir / "versions")

    @cached_property
    def geometry(self) -> "GeometryStore":
        """What is derived from a project's features."""
        # SciPy takes a second to load, which the web process doesn't need.
        from backend.store.geometry import GeometryStore  # noqa: PLC0415

        return GeometryStore(self.settings.model_dir / "geometry")

    @cached_property
    def features(self) -> FeatureStore:
        """Features by content."""
        return FeatureStore(self.settings.model_dir / "features")

    @cached_property
    def datasets(self) -> "DatasetReader":
        """Reads projects as a run works on them."""
        # It comes with the geometry.
        from backend.store.dataset import DatasetReader  # noqa: PLC0415

        return DatasetReader(
            mirror=self.mirror,
            features=self.features,
            geometry=self.geometry,
            autolabelings=self.autolabelings,
            holdout_share=self.settings.holdout_share,
            seed=self.settings.seed,
            imports_are_truth=self.settings.imported_annotations == "ground_truth",
            foreign_predictions=self.settings.foreign_predictions == "use",
        )

    @cached_property
    def autolabelings(self) -> AutolabelingStore:
        """Auto-labellings of all projects."""
        return AutolabelingStore(self.settings.model_dir / "autolabel")

    @cached_property
    def outbox(self) -> Outbox:
        """What waits for MLflow."""
        return Outbox(self.settings.model_dir / "tracking" / "outbox", enabled=self.settings.tracking)

    @cached_property
    def finetunings(self) -> FinetuningStore:
        """Fine-tunings of all projects."""
        return FinetuningStore(self.settings.model_dir / "finetune")

    @cached_property
    def backbones(self) -> BackboneStore:
        """Exports and networks, and which of them the settings name."""
        settings = self.settings
        origin = Origin(settings.backbone, settings.backbone_weights, settings.backbone_resolution)
        return BackboneStore(settings.model_dir, origin)

    @cached_property
    def project_files(self) -> ProjectFiles:
        """What is kept of each project on disk."""
        return ProjectFiles(self.settings.model_dir)

    @cached_property
    def sweeper(self) -> Sweeper:
        """Removes what belongs to nobody."""
        return Sweeper(
            model_dir=self.settings.model_dir,
            mirror=self.mirror,
            queue=self.queue,
            files=self.project_files,
            quarantine=self.quarantine,
            features=self.features,
            retention=timedelta(days=self.settings.retention_days),
        )

    @cached_property
    def quarantine(self) -> Quarantine:
        """What could not be read."""
        return Quarantine(self.settings.model_dir)

    def migrate(self) -> None:
        """Bring the SQL schema up to date."""
        self.settings.model_dir.mkdir(parents=True, exist_ok=True)
        database.migrate(self.settings.database_url, self.settings.model_dir)


@dataclass(frozen=True)
class ProjectContext:
    """One project, and the outside world that work on it may touch: what a feature's stages are handed."""

    project: Project
    services: Services
