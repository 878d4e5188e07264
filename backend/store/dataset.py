"""What a run works on: one project's features, labels and holdout as arrays, read once."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from backend.label_studio.config import Labeling
from backend.label_studio.provenance import Provenance
from backend.project import Project
from backend.store.autolabelings import AutolabelingStore
from backend.store.features import FeatureStore
from backend.store.geometry import GeometryStore
from backend.store.labels import Annotation, Label, count, resolve
from backend.store.mirror import Mirror
from backend.store.records.label_counts import LabelCounts
from backend.store.records.mirror import MirroredTask
from backend.store.records.version import RecordedLabel
from model import holdout
from model.arrays import BoolArray, FloatArray, IntArray
from model.backbone.backbone import Backbone


@dataclass(frozen=True, eq=False)
class ForeignOpinions:
    """What other models predict for a project's tasks.

    Attributes:
        targets: (n,) int64, index into the classes, -1 where nothing is said, or of a class that is gone.
        confidences: (n,) float64 in [0, 1], NaN where none is known.
        name: tells the models that predict from others.
    """

    targets: IntArray
    confidences: FloatArray
    name: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """A project's tasks, by ascending id.

    Attributes:
        classes: of the label config, in its order.
        task_ids: (n,) int64, tasks that have a feature.
        features: (n, d) float16.
        targets: (n,) int64, index into `classes`, -1 where there is no label.
        skipped: (n,) bool, unlabelled tasks that have an annotation all the same: skipped, empty, not readable, of a
            choice that the config lost, or one that nobody looked at. Label Studio hands few of them out.
        holdout_positions: (n,) float64 in [0, 1): the place in the holdout; NaN outside it.
        counted: (n,) bool, holdout tasks that people labelled in the holdout's order.
        unreadable: unlabelled tasks whose image can't be used.
        labels: every label by task id, of tasks without a feature too.
        points: (n, m) float32, `model.geometry.points` of the features where they are known; made where they are
            needed otherwise.
        automatic: tasks that are labelled automatically, or are just being so: nobody is asked for them, and they are
            no labels.
        audited: tasks that an audit asks for, before all others.
        backbone: version of the one whose features these are; empty where features come from nowhere else.
        label_counts: what the annotations come to.
        forgotten: tasks whose feature is lost: they are left out, and to be embedded again.
        foreign: what other models predict; None where that is nothing, or not wanted.
    """

    classes: tuple[str, ...]
    task_ids: IntArray
    features: FloatArray
    targets: IntArray
    skipped: BoolArray
    holdout_positions: FloatArray
    counted: BoolArray
    unreadable: tuple[int, ...]
    labels: dict[int, Label]
    points: FloatArray | None = None
    automatic: frozenset[int] = frozenset()
    audited: tuple[int, ...] = ()
    backbone: str = ""
    label_counts: LabelCounts = field(default_factory=LabelCounts)
    forgotten: int = 0
    foreign: ForeignOpinions | None = None

    @property
    def labelled(self) -> BoolArray:
        """(n,) bool."""
        return self.targets >= 0

    @property
    def pool(self) -> BoolArray:
        """(n,) bool: tasks that can be asked for."""
        return ~self.labelled & ~np.isin(self.task_ids, list(self.automatic))

    @property
    def answered(self) -> BoolArray:
        """(n,) bool: tasks that have an annotation."""
        return self.labelled | self.skipped

    @property
    def in_holdout(self) -> BoolArray:
        """(n,) bool."""
        return ~np.isnan(self.holdout_positions)

    @property
    def classes_seen(self) -> int:
        """Classes with a label or more."""
        return len(np.unique(self.targets[self.labelled]))


@dataclass(frozen=True)
class DatasetReader:
    """Reads projects as a run works on them.

    Attributes:
        holdout_share: of the tasks, in [0, 1].
        seed: of `geometry`.
        imports_are_truth: see `labels.resolve`.
        foreign_predictions: whether other models' predictions are wanted.
    """

    mirror: Mirror
    features: FeatureStore
    geometry: GeometryStore
    autolabelings: AutolabelingStore
    holdout_share: float
    seed: int
    imports_are_truth: bool = False
    foreign_predictions: bool = True

    def read(self, project: Project, labeling: Labeling, backbone: Backbone) -> Dataset:
        """A project as it is now; what is derived from its features is kept for the next time.

        Args:
            project: to read.
            labeling: the project's, as last pulled.
            backbone: whose features.
        """
        tasks = self.mirror.tasks(project)
        annotations = self.mirror.annotations(project)
        labels = resolve(annotations, labeling.current, imports_are_truth=self.imports_are_truth)
        ready, features, forgotten = self._with_features(project, tasks, backbone)
        ids = np.array([task.id for task in ready], dtype=np.int64)
        index_of = {name: index for index, name in enumerate(labeling.classes)}
        targets = np.array(
            [index_of[labels[task].choice] if task in labels else -1 for task in ids.tolist()], dtype=np.int64
        )
        first = _first_answers(annotations)
        positions = holdout.hash_positions(project.key, ids)
        in_holdout = holdout.in_holdout(positions, self.holdout_share)
        answered_at = np.array(
            [first[task].created_at.timestamp() if task in first else np.nan for task in ids.tolist()]
        )
        measures = {task for task in labels if self._is_seen(first[task])}
        created_at = np.array([task.created_at.timestamp() for task in ready])
        counted = np.zeros(len(ids), dtype=bool)
        counted[in_holdout] = holdout.counted(positions[in_holdout], created_at[in_holdout], answered_at[in_holdout])
        return Dataset(
            classes=labeling.classes,
            task_ids=ids,
            features=features,
            targets=targets,
            skipped=np.isin(ids, list(first)) & (targets < 0),
            holdout_positions=np.where(in_holdout, positions, np.nan),
            counted=counted & np.isin(ids, list(measures)),
            unreadable=tuple(
                task.id
                for task in tasks
                if task.content_hash is None and task.image_problem is not None and task.id not in labels
            ),
            labels=labels,
            points=self.geometry.points(project, ids, features, self.seed),
            automatic=frozenset(self.autolabelings.in_writing(project)).union(
                annotation.task_id for annotation in annotations if annotation.automatic
            ),
            audited=self.autolabelings.audited(project),
            backbone=backbone.version,
            forgotten=forgotten,
            label_counts=count(annotations, labels, labeling.current),
            foreign=self._foreign(project, ids, labeling) if self.foreign_predictions else None,
        )

    def _foreign(self, project: Project, ids: IntArray, labeling: Labeling) -> ForeignOpinions | None:
        found = self.mirror.foreign(project)
        if not found:
            return None
        index_of = {name: index for index, name in enumerate(labeling.classes)}
        targets, confidences = np.full(len(ids), -1), np.full(len(ids), np.nan)
        for row, task in enumerate(ids.tolist()):
            if task in found and (current := labeling.current(found[task].choice)) is not None:
                targets[row] = index_of[current]
                confidence = found[task].confidence
                confidences[row] = np.nan if confidence is None else confidence
        # Of models, not of how many predictions: another live backend makes one with every page that is opened.
        models = json.dumps(sorted({each.model_version for each in found.values()}))
        name = hashlib.blake2b(models.encode(), digest_size=8).hexdigest()
        return ForeignOpinions(targets, confidences, name)

    def _is_seen(self, annotation: Annotation) -> bool:
        """Whether a task's first annotation is one to measure by: a person's, or an import's that is the truth.

        What people correct of other imports and copies is no random draw: they correct what is wrong.
        """
        if annotation.provenance is Provenance.IMPORTED:
            return self.imports_are_truth and annotation.ground_truth
        return annotation.by_person and not annotation.began_unseen

    def _with_features(
        self, project: Project, tasks: list[MirroredTask], backbone: Backbone
    ) -> tuple[list[MirroredTask], FloatArray, int]:
        """The tasks that have a feature, these (n, d), and how many have lost theirs.

        Tasks whose feature was lost are marked to be embedded again.
        """
        hashed = [task for task in tasks if task.content_hash is not None]
        keys = [task.content_hash for task in hashed if task.content_hash is not None]
        features, missing = self.features.get(backbone, keys)
        if not missing:
            return hashed, features, 0
        self.mirror.forget_features(project, [hashed[row].id for row in sorted(missing)])
        kept = [row for row in range(len(hashed)) if row not in missing]
        return [hashed[row] for row in kept], features[kept], len(missing)


def _first_answers(annotations: Iterable[Annotation]) -> dict[int, Annotation]:
    """The first annotation of each task that is no automatic one."""
    first: dict[int, Annotation] = {}
    for annotation in sorted(annotations, key=lambda each: (each.created_at, each.id)):
        if not annotation.automatic:
            first.setdefault(annotation.task_id, annotation)
    return first


def with_labels(data: Dataset, recorded: Iterable[RecordedLabel]) -> Dataset:
    """The project as it was labelled for a version: later labels, and labels that are other ones now, are left out.

    Args:
        data: the project as it is.
        recorded: labels that the version was made of.
    """
    unchanged = {each.task for each in recorded if each.is_still(data.labels.get(each.task))}
    kept = {task: label for task, label in data.labels.items() if task in unchanged}
    if len(kept) == len(data.labels):
        return data
    known = np.isin(data.task_ids, list(kept))
    return replace(data, targets=np.where(known, data.targets, -1), counted=data.counted & known, labels=kept)
