"""The application on a test client, with a version that was made here instead of by a worker."""

import base64
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask
from flask.testing import FlaskClient

from backend.label_studio.client import ProjectState
from backend.project import Project
from backend.services import Services
from backend.settings import Settings
from backend.store.features import content_hash
from backend.store.records.mirror import PulledTask
from backend.store.versions import Version
from backend.web import service as web_service
from backend.web.app import app_of
from backend.web.service import WebService
from model.head.fitting import fit
from model.head.head import FeatureTransform
from scripts.stack.image_project import label_config
from tests.support.pictures import picture
from tests.support.records import version_record
from tests.support.waiting import until

PROJECT = 7
CLASSES = ("circle", "square")
CONFIG = label_config(list(CLASSES))
VERSION = "20260101-000000-000"
STORED = 6
NOBODY = "http://127.0.0.1:9"  # the discard port: connections are refused at once
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Service:
    """The service under HTTP, and the same parts that it works with."""

    web: WebService
    services: Services

    @cached_property
    def app(self) -> Flask:
        """What answers for the service."""
        return app_of(self.web)

    @property
    def client(self) -> FlaskClient:
        """Asks the application without a network."""
        return self.app.test_client()

    def stop(self) -> None:
        """End its threads: they would look, fail and log through the tests of others."""
        self.web.stop()

    def hinted(self, project: int = PROJECT) -> bool:
        """Whether an event left a hint for a project."""
        return self.services.queue.dirty_since(self.services.project(project)) is not None

    def know(self, number: int) -> None:
        """Have a project pulled, without a version."""
        state = ProjectState("test", CONFIG, "", "", 0, 0, 0)
        self.services.mirror.record_state(self.services.project(number), state, None)
        until(lambda: number in self.web.status.projects, f"project {number} to be known")

    def forget_hints(self) -> None:
        """Begin as if no event had come."""
        for project in self.services.queue.dirty_projects():
            self.services.queue.clear_dirty(self.services.project(project))

    def predict(self, tasks: Sequence[Any], **more: Any) -> list[dict[str, Any]]:
        """The results that `/predict` answers."""
        body = {"tasks": list(tasks), "project": f"{PROJECT}.1700000000", "label_config": CONFIG} | more
        answer = self.client.post("/predict", json=body)
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.get_json()["results"]
        return results

    def version(self, project: int = PROJECT) -> str:
        """The version that `/setup` names."""
        answer = self.client.post("/setup", json={"project": f"{project}.1700000000", "schema": CONFIG})
        return str(answer.get_json()["model_version"])


def settings_of(folder: Path, redis_url: str, **more: Any) -> Settings:
    """Settings of a service of its own, whose Label Studio does not answer.

    Args:
        folder: for everything that it keeps.
        redis_url: shared with other services: a queue belongs to a Label Studio's address, and each gets another.
        more: further settings by field.
    """
    given: dict[str, Any] = {
        "label_studio_url": f"{NOBODY}/{next(NUMBERS)}",
        "label_studio_api_key": "token",
        "redis_url": redis_url,
        "model_dir": folder,
        "log_level": "INFO",
        "device": "cpu",
    }
    return Settings(**(given | more))


MakeService = Callable[[Settings], Service]


def start(settings: Settings) -> Service:
    """An application without a version."""
    return Service(web_service.start(settings), Services(settings))


def start_trained(settings: Settings, backbones: Path) -> Service:
    """An application whose project 7 has a version of two classes, and `STORED` tasks with stored features."""
    settings.model_dir.mkdir(parents=True, exist_ok=True)
    (settings.model_dir / "backbones").symlink_to(backbones, target_is_directory=True)
    services = Services(settings)
    services.migrate()
    _make_version(services, services.project(PROJECT))
    return start(settings)


def address(class_number: int, seed: int) -> str:
    """A picture as a data: address."""
    return f"data:image/png;base64,{base64.b64encode(picture(class_number, seed)).decode()}"


def task(number: int, image: str) -> dict[str, Any]:
    """A task as Label Studio sends it, as far as anybody reads it."""
    return {"id": number, "data": {"image": image}}


def stored_task(number: int) -> dict[str, Any]:
    """A task, from 1, whose feature is stored; odd ones are circles."""
    return task(number, address((number - 1) % 2, number))


def _make_version(services: Services, project: Project) -> None:
    now = datetime.now(UTC)
    services.mirror.record_state(project, ProjectState("test", CONFIG, VERSION, "", STORED, 0, 0), None)
    tasks = [stored_task(number) for number in range(1, STORED + 1)]
    services.mirror.apply(
        project, [PulledTask(each["id"], each["data"]["image"], now, now, annotations=None) for each in tasks]
    )
    files = {each["id"]: picture((each["id"] - 1) % 2, each["id"]) for each in tasks}
    backbone = services.backbones.base
    embedded = dict(services.embedders.get(backbone).embed_bytes(files.items(), services.decoders))
    features = np.stack([np.asarray(embedded[number]) for number in files])
    hashes = {number: content_hash(data) for number, data in files.items()}
    services.features.add(backbone, dict(zip(hashes.values(), features, strict=True)))
    services.mirror.record_images(project, hashes, {})
    head = fit(features, np.arange(STORED) % 2, CLASSES, FeatureTransform.of(features))
    record = version_record(backbone.version, CLASSES)
    ids, scores = np.arange(1, STORED + 1), np.arange(1, STORED + 1) / 10
    services.versions.save(project, Version(VERSION, head, ids, scores, record))
    services.versions.activate(project, VERSION)
