"""Answers `/predict`: what a version says of the tasks in a request."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.label_studio.client import Json
from backend.label_studio.config import Labeling
from backend.label_studio.task_data import image_address
from backend.loop import predictions
from backend.project import Project, is_id
from backend.store.autolabelings import AutolabelingStore
from backend.store.backbones import BackboneStore
from backend.web.prediction.loaded_versions import LoadedVersions
from backend.web.prediction.request_features import RequestFeatures


@dataclass(frozen=True)
class Predictor:
    """Predicts. Safe to use from several threads."""

    versions: LoadedVersions
    backbones: BackboneStore
    features: RequestFeatures
    autolabelings: AutolabelingStore

    def predict(self, project: Project, version_name: str, labeling: Labeling, tasks: Sequence[Json]) -> list[Json]:
        """One prediction per task, in order, each naming `version_name`; never raises for an image.

        A task that could not be embedded in time gets an empty result and rank score 1.0.

        Raises:
            ModelError: the export of the version's backbone is broken.
        """
        loaded = self.versions.get(project, version_name)
        if loaded is None:
            return [empty(version_name) for _ in tasks]
        ids = _ids(tasks)
        addresses = {
            task_id: image_address(labeling.image, task.get("data")) for task_id, task in zip(ids, tasks, strict=True)
        }
        features = {}
        if loaded.version.best_head is not None:
            features = self.features.find(project, self.backbones.get(loaded.version.backbone), addresses)
        audited = self.autolabelings.audited(project)
        shown = predictions.unaudited(features, audited)
        others = predictions.foreign_of(loaded.version, self.features.mirror, project, ids)
        said = predictions.unaudited(others, audited)
        answers = predictions.predict(loaded.version, labeling, shown, ids, loaded.scores, said)
        return [{key: value for key, value in answer.items() if key != "task"} for answer in answers]


def empty(version_name: str) -> Json:
    """The answer for a task that nothing can be said of."""
    return {"result": [], "score": predictions.LAST, "model_version": version_name}


def _ids(tasks: Sequence[Json]) -> list[int]:
    """Each task's id; a negative number, another for each, where it has none or one that an earlier task has."""
    ids: dict[int, None] = {}
    for position, task in enumerate(tasks):
        value: Any = task.get("id")
        ids[value if is_id(value) and value not in ids else -1 - position] = None
    return list(ids)
