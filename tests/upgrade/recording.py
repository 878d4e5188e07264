"""The recorded installation, put back: files, Redis and Label Studio as the earlier commit left them; see `record`."""

import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import redis
from filelock import FileLock

from backend.settings import Settings
from scripts.stack.backend import BackendServer, web_spec, worker_spec
from scripts.stack.label_studio import LabelStudioServer, label_studio_spec
from scripts.stack.ports import is_free
from scripts.stack.processes import LocalProcess
from tests.support.label_studio import RunningLabelStudio
from tests.support.pictures import picture
from tests.support.project import KINDS, LabelledProject
from tests.support.shared import install_label_studio
from tests.support.stack import RunningRedis, RunningStack
from tests.support.waiting import until

RECORDED = Path(__file__).parent / "recorded"
LABEL_STUDIO_PORT, BACKEND_PORT = 28_761, 28_762
"""They stand in Label Studio's database, in the projects' keys, and in the name of each queue."""

DOCUMENTS = "documents"
"""Stands in Label Studio's database for the folder of the images."""

TURN_SECONDS = 600.0
SETTINGS = {
    "POLL_SECONDS": "3600",
    "IDLE_SECONDS": "1",
    "VERSIONS_KEPT": "3",
    "DEVICE": "cpu",
    "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
}


@dataclass(frozen=True)
class Recording:
    """The recorded installation in a folder of its own.

    Attributes:
        answers: what its web process answered last.
        redis: what was put back into it.
    """

    folder: Path
    answers: dict[str, Any]
    redis: RunningRedis

    @property
    def settings(self) -> Settings:
        """Of the installation, with its new folder."""
        return Settings(
            label_studio_url=self.label_studio.url,
            model_dir=self.model_dir,
            redis_url=self.redis.url,
        )

    @property
    def model_dir(self) -> Path:
        """What the backend keeps."""
        return self.folder / "model-dir"

    @cached_property
    def label_studio(self) -> LabelStudioServer:
        """The Label Studio that it works for."""
        return LabelStudioServer(
            port=LABEL_STUDIO_PORT,
            data=self.folder / "label-studio",
            documents=self.folder / DOCUMENTS,
            username="owner@example.com",
            password="owner's password",
            token="5eed" * 10,
        )

    def project(self, name: str) -> LabelledProject:
        """A project as people see it: `audited` or `applied`, after its auto-labelling."""
        server = self.label_studio
        truth = {int(task): choice for task, choice in self.answers[f"{name} project"]["classes"].items()}
        api = RunningLabelStudio(server).api
        return LabelledProject(
            api, server.token, server.documents, self.answers[name], KINDS[:2], server.database, truth
        )


def restore(folder: Path, running: RunningRedis, backbone: Path) -> Recording:
    """Put everything back.

    Args:
        folder: empty.
        running: a Redis that nobody else uses.
        backbone: the default backbone's export, which the recording does without.
    """
    with tarfile.open(RECORDED / "files.tar.xz") as tar:
        tar.extractall(folder, filter="data")
    recording = Recording(folder, json.loads((RECORDED / "answers.json").read_text()), running)
    (recording.model_dir / "backbones" / backbone.name).symlink_to(backbone, target_is_directory=True)
    for name in ("audited", "applied"):
        _draw_images(recording.project(name))
    _move_label_studio(recording.label_studio)
    with running.client() as asking:
        _fill(asking, json.loads((RECORDED / "redis.json").read_text()))
    return recording


@contextmanager
def ports_alone() -> Iterator[None]:
    """The recorded ports for this test session alone: those of others on this machine have their turn afterwards."""
    with FileLock(Path(tempfile.gettempdir()) / f"label-loop-upgrade-{os.getuid()}.lock", timeout=TURN_SECONDS):
        for port in (LABEL_STUDIO_PORT, BACKEND_PORT):
            until(partial(is_free, port), f"port {port} to be free")
        yield


@contextmanager
def running_label_studio(recording: Recording) -> Iterator[RunningLabelStudio]:
    """Its Label Studio, running."""
    log = recording.folder / "label-studio.log"
    process = LocalProcess(label_studio_spec(recording.label_studio, install_label_studio(), log))
    process.start()
    try:
        process.wait_until_ready()
        yield RunningLabelStudio(recording.label_studio)
    finally:
        process.stop()


@contextmanager
def running_web(recording: Recording, label_studio: RunningLabelStudio) -> Iterator[RunningStack]:
    """Its web process, running; its worker is to be started."""
    folder = recording.folder
    locks = folder / "locks"
    locks.mkdir()
    server = BackendServer(
        port=BACKEND_PORT,
        folder=recording.model_dir,
        label_studio_url=label_studio.url,
        label_studio_token=label_studio.token,
        documents=label_studio.documents,
        redis_port=recording.redis.port,
        # Training workers share a machine's devices; this one is not to meet those of others.
        more={**SETTINGS, "TMPDIR": str(locks)},
    )
    web = LocalProcess(web_spec(server, folder / "backend.log"))
    worker = LocalProcess(worker_spec(server, folder / "worker.log"))
    web.start()
    try:
        web.wait_until_ready()
        yield RunningStack(label_studio, recording.redis, server, web, worker, folder)
    finally:
        for process in (worker, web):
            process.kill()


def _draw_images(project: LabelledProject) -> None:
    project.folder.mkdir(parents=True)
    for number, task in enumerate(project.tasks):
        kind = KINDS.index(project.truth[task])
        (project.folder / f"{number:05d}.png").write_bytes(picture(kind, seed=number))


def _move_label_studio(server: LabelStudioServer) -> None:
    """Tell its database where the images are now."""
    with closing(sqlite3.connect(server.database)) as database, database:
        database.execute(
            "UPDATE io_storages_localfilesmixin SET path = replace(path, ?, ?)", (DOCUMENTS, str(server.documents))
        )


def _fill(asking: redis.Redis, keys: dict[str, tuple[str, Any]]) -> None:
    for name, (kind, value) in keys.items():
        key = _bytes(name)
        if kind == "hash":
            asking.hset(key, mapping={_bytes(each): _bytes(text) for each, text in value.items()})
        elif kind == "list":
            asking.rpush(key, *(_bytes(each) for each in value))
        elif kind == "set":
            asking.sadd(key, *(_bytes(each) for each in value))
        elif kind == "zset":
            asking.zadd(key, {_bytes(each): score for each, score in value.items()})
        else:
            asking.set(key, _bytes(value))


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")
