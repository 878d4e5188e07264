"""Answers `/predict`: stored features where there are some, embedding on the spot where there are none."""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from backend import logs
from backend.errors import LabelLoopError
from backend.images import batch
from backend.images.fetcher import Unavailable
from backend.label_studio.client import Json
from backend.label_studio.config import Labeling
from backend.loop import predictions
from backend.project import Project, is_id
from backend.services import Services
from backend.store.versions import Version
from model.arrays import FloatArray
from model.backbone.backbone import Backbone

CHUNK = 16
VERSIONS_IN_MEMORY = 16

log = logs.get()


class Predictor:
    """Keeps the active versions in memory. Safe to use from several threads."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._loaded: OrderedDict[tuple[str, str], tuple[Version, Mapping[int, float]]] = OrderedDict()
        self._lock = Lock()

    def predict(self, project: Project, version_name: str, labeling: Labeling, tasks: Sequence[Json]) -> list[Json]:
        """One prediction per task, in order, each naming `version_name`; never raises for an image.

        A task that could not be embedded in time gets an empty result and rank score 1.0.
        """
        loaded = self._load(project, version_name)
        if loaded is None:
            return [empty(version_name) for _ in tasks]
        version, scores = loaded
        ids = _ids(tasks)
        addresses = {task_id: _address(task, labeling) for task_id, task in zip(ids, tasks, strict=True)}
        features = self._features(project, version, addresses) if version.best_head is not None else {}
        shown = predictions.unaudited(project, self._services, features)
        answers = predictions.predict(version, labeling, shown, ids, scores)
        return [{key: value for key, value in answer.items() if key != "task"} for answer in answers]

    def _load(self, project: Project, name: str) -> tuple[Version, Mapping[int, float]] | None:
        key = (project.key, name)
        with self._lock:
            if key not in self._loaded or self._has_grown(project, self._loaded[key][0]):
                try:
                    version = self._services.versions.load(project, name)
                except FileNotFoundError:
                    return None
                self._loaded[key] = (version, predictions.rank_scores(version))
                while len(self._loaded) > VERSIONS_IN_MEMORY:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(key)
            return self._loaded[key]

    def _has_grown(self, project: Project, version: Version) -> bool:
        """Whether the second stage arrived since the version was loaded."""
        return version.insight is None and self._services.versions.has_second_stage(project, version.name)

    def _features(self, project: Project, version: Version, addresses: Mapping[int, str]) -> dict[int, FloatArray]:
        services = self._services
        backbone = services.backbones.get(version.backbone)
        known = services.mirror.tasks(project, list(addresses))
        same = [task for task in known if task.image == addresses[task.id]]
        features = services.features.of_tasks(backbone, same)
        new = [task for task in addresses if task not in features]
        deadline = time.monotonic() + services.settings.predict_seconds
        for start in range(0, len(new), CHUNK):
            if time.monotonic() > deadline:
                log.warning("out of time; the rest is scored by a job", project=project.id, tasks=len(new) - start)
                break
            chunk = {task: addresses[task] for task in new[start : start + CHUNK]}
            features |= self._embed(project, backbone, chunk, {task.id for task in same}, deadline)
        return features

    def _embed(
        self, project: Project, backbone: Backbone, addresses: Mapping[int, str], mirrored: set[int], deadline: float
    ) -> dict[int, FloatArray]:
        """Features by task of those that could be had; the mirror remembers those of its own tasks."""
        services = self._services
        fetched = batch.fetch_by(deadline, services.images, addresses)
        files = {task: data for task, data in fetched.items() if not isinstance(data, Unavailable)}
        problems = {task: outcome.reason for task, outcome in fetched.items() if isinstance(outcome, Unavailable)}
        try:
            embedded = services.image_embedder.embed_files(backbone, files)
        except LabelLoopError as error:
            log.warning("nothing could be embedded", project=project.id, reason=str(error))
            return {}
        for task, problem in (problems | embedded.problems).items():
            log.warning("image can't be used", project=project.id, task=task, reason=problem)
        hashes = {task: key for task, key in embedded.hashes.items() if task in mirrored}
        services.mirror.record_images(project, hashes, {})
        return embedded.by_task


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


def _address(task: Json, labeling: Labeling) -> str:
    data = task.get("data")
    address = data.get(labeling.image_key) if isinstance(data, dict) else None
    return address if isinstance(address, str) else ""
