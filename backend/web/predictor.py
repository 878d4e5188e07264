"""Answers `/predict`: stored features where there are some, embedding on the spot where there are none."""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Lock
from typing import Any

from backend import logs
from backend.errors import ImageUnavailableError, LabelLoopError
from backend.label_studio.client import Json
from backend.label_studio.config import Labeling
from backend.loop import predictions
from backend.project import Project, is_id
from backend.services import Services
from backend.store.features import content_hash
from backend.store.versions import Version
from model.arrays import FloatArray
from model.backbone.backbone import Backbone
from model.errors import ImageError

CHUNK = 16
FETCHERS = 8
VERSIONS_IN_MEMORY = 16

log = logs.get()


class Predictor:
    """Keeps the active versions in memory. Safe to use from several threads."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._loaded: OrderedDict[tuple[str, str], tuple[Version, Mapping[int, float]]] = OrderedDict()
        self._lock = Lock()
        self._embedding = Lock()

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
        backbone = self._services.backbones.get(version.backbone)
        known = {task.id: task for task in self._services.mirror.tasks(project, list(addresses))}
        same = [task for task, address in addresses.items() if task in known and known[task].image == address]
        features = predictions.features_of(project, self._services, backbone, same)
        new = [task for task in addresses if task not in features]
        deadline = time.monotonic() + self._services.settings.predict_seconds
        for start in range(0, len(new), CHUNK):
            if time.monotonic() > deadline:
                log.warning("out of time; the rest is scored by a job", project=project.id, tasks=len(new) - start)
                break
            chunk = {task: addresses[task] for task in new[start : start + CHUNK]}
            features |= self._embed(project, backbone, chunk, set(same), deadline)
        return features

    def _embed(
        self, project: Project, backbone: Backbone, addresses: Mapping[int, str], mirrored: set[int], deadline: float
    ) -> dict[int, FloatArray]:
        files = self._fetch(addresses, deadline)
        hashes = {task: content_hash(data) for task, data in files.items()}
        keys = sorted(set(hashes.values()))
        stored, missing = self._services.features.get(backbone.version, backbone.width, keys)
        by_hash = {key: stored[index] for index, key in enumerate(keys) if index not in missing}
        data_of = {hashes[task]: data for task, data in files.items()}
        new: dict[str, FloatArray] = {}
        try:
            todo = [(key, data_of[key]) for key in keys if key not in by_hash]
            with self._embedding:
                for key, outcome in self._services.embedder(backbone).embed_bytes(todo, self._services.image_limits):
                    if isinstance(outcome, ImageError):
                        tasks = [task for task, task_key in hashes.items() if task_key == key]
                        log.warning("image can't be used", project=project.id, tasks=tasks, reason=str(outcome))
                    else:
                        new[key] = outcome
        except LabelLoopError as error:
            log.warning("nothing could be embedded", project=project.id, reason=str(error))
        self._services.features.add(backbone.version, backbone.width, new)
        by_hash |= new
        usable = {task: key for task, key in hashes.items() if key in by_hash}
        self._services.mirror.record_images(
            project, {task: key for task, key in usable.items() if task in mirrored}, {}
        )
        return {task: by_hash[key] for task, key in usable.items()}

    def _fetch(self, addresses: Mapping[int, str], deadline: float) -> dict[int, bytes]:
        pool = ThreadPoolExecutor(FETCHERS)
        futures = {pool.submit(self._services.images.fetch, address, task): task for task, address in addresses.items()}
        done, late = wait(futures, timeout=max(0.0, deadline - time.monotonic()))
        pool.shutdown(wait=False, cancel_futures=True)
        files: dict[int, bytes] = {}
        for future in done:
            try:
                files[futures[future]] = future.result()
            except ImageUnavailableError as error:
                log.warning("image not available", task=futures[future], reason=str(error))
        for future in late:
            log.warning("image not fetched in time", task=futures[future])
        return files


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
