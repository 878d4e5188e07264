"""Versions: a head, a queue and a record of what made them, published whole or not at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file
from sqlalchemy import Engine, insert, select, update

from backend.project import Project
from backend.store.schema import ProjectRow, VersionRow
from model.arrays import FloatArray, IntArray
from model.head import Head

NO_VERSION = "label-loop"
"""The model version that is named before a project has one; Label Studio refuses an empty name."""


@dataclass(frozen=True, eq=False)
class Version:
    """What predicts and orders a project from one moment on.

    Attributes:
        name: unique for ever, also when the mirror was lost: Label Studio keeps predictions under it.
        head: None before two classes have a label.
        task_ids: (n,) int64, the queue in its order.
        scores: (n,) float64 in [0, 1], strictly increasing: the tasks' rank scores.
        record: what made it, JSON: labels, settings, seed, code, backbone, evaluation.
    """

    name: str
    head: Head | None
    task_ids: IntArray
    scores: FloatArray
    record: Mapping[str, Any]


def new_name(now: datetime | None = None) -> str:
    """A version name from the time, to the millisecond; a project has one run at a time."""
    moment = now or datetime.now(UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{moment.microsecond // 1000:03d}"


class VersionStore:
    """Versions on disk, listed in SQL once they are whole."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    def save(self, project: Project, version: Version) -> None:
        """Write a version: into a temporary folder, flushed, renamed, and only then recorded."""
        home = self._folder / project.key
        home.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=home))
        save_file(
            {"task_ids": version.task_ids.astype(np.int64), "scores": version.scores.astype(np.float64)},
            unfinished / "queue.safetensors",
        )
        if version.head is not None:
            tensors, metadata = version.head.to_tensors()
            save_file(dict(tensors), unfinished / "head.safetensors", metadata=metadata)
        (unfinished / "version.json").write_text(json.dumps(dict(version.record), ensure_ascii=False, indent=1))
        for path in [*unfinished.iterdir(), unfinished]:
            _flush(path)
        unfinished.rename(home / version.name)
        _flush(home)
        row = {"project_key": project.key, "name": version.name, "created_at": datetime.now(UTC)}
        with self._engine.begin() as connection:
            connection.execute(insert(VersionRow).values(row))

    def load(self, project: Project, name: str) -> Version:
        """Read a version.

        Raises:
            FileNotFoundError: no whole version of this name is on disk.
        """
        home = self._folder / project.key / name
        record = json.loads((home / "version.json").read_text())
        with safe_open(home / "queue.safetensors", framework="numpy") as file:
            task_ids, scores = file.get_tensor("task_ids"), file.get_tensor("scores")
        head = None
        if (home / "head.safetensors").exists():
            with safe_open(home / "head.safetensors", framework="numpy") as file:
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
                head = Head.from_tensors(tensors, file.metadata() or {})
        return Version(name, head, task_ids, scores, record)

    def active(self, project: Project) -> Version | None:
        """The active version, or None where there is none or its files were lost."""
        with self._engine.connect() as connection:
            name = connection.scalar(select(ProjectRow.active_version).where(ProjectRow.key == project.key))
        if name is None:
            return None
        try:
            return self.load(project, name)
        except FileNotFoundError:
            return None

    def activate(self, project: Project, name: str) -> None:
        """Record that Label Studio's active version is this one."""
        with self._engine.begin() as connection:
            connection.execute(
                update(VersionRow)
                .where(VersionRow.project_key == project.key, VersionRow.name == name)
                .values(activated_at=datetime.now(UTC))
            )
            connection.execute(
                update(ProjectRow).where(ProjectRow.key == project.key).values(active_version=name, model_version=name)
            )

    def names(self, project: Project) -> list[str]:
        """Names of all whole versions, oldest first."""
        with self._engine.connect() as connection:
            query = select(VersionRow.name).where(VersionRow.project_key == project.key).order_by(VersionRow.created_at)
            return list(connection.scalars(query))

    def prune(self, project: Project, keep: int) -> None:
        """Remove the files of all but the `keep` newest versions, and what killed runs left half written."""
        home = self._folder / project.key
        whole = set(self.names(project)[-keep:])
        with self._engine.connect() as connection:
            whole.add(connection.scalar(select(ProjectRow.active_version).where(ProjectRow.key == project.key)) or "")
        if home.exists():
            for path in home.iterdir():
                if path.name not in whole:
                    shutil.rmtree(path, ignore_errors=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
