"""Versions: a head, a queue and a record of what made them, published whole or not at all.

A version's second stage, the head that is served and what the figures say, follows a moment later in a folder of its
own inside the version's: whole or not at all, too, and never changed afterwards.
"""

import errno
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file
from sqlalchemy import Engine, func, insert, or_, select, update

from backend.project import Project
from backend.store.quarantine import Quarantine
from backend.store.records.insight import Insight
from backend.store.records.json_record import JsonRecord
from backend.store.records.version import HistoryEntry, ServedFigures, VersionFigures, VersionRecord
from backend.store.schema import ProjectRow, VersionRow
from model.arrays import FloatArray, IntArray
from model.files import whole_file, whole_folder
from model.head.head import Head

NO_VERSION = "label-loop"
"""The model version that is named before a project has one; Label Studio refuses an empty name."""

RECORD, QUEUE, HEAD = "version.json", "queue.safetensors", "head.safetensors"
SECOND, SERVED, INSIGHT = "second", "served.safetensors", "insight.json"
NAMES = ".names"

MOST_NAMES = 10_000
"""Names of a project's versions that outlive the mirror: no prediction stays for so many versions."""


@dataclass(frozen=True, eq=False)
class Version:
    """What predicts and orders a project from one moment on.

    Attributes:
        name: unique for ever, also when the mirror was lost: Label Studio keeps predictions under it.
        head: the quick head; None before two classes have a label.
        task_ids: (n,) int64, the queue in its order.
        scores: (n,) float64 in [0, 1], strictly increasing: the tasks' rank scores.
        record: what made it.
        served: the second stage's head; None where there is none (yet).
        insight: the second stage's figures; None before the second stage.
    """

    name: str
    head: Head | None
    task_ids: IntArray
    scores: FloatArray
    record: VersionRecord
    served: Head | None = None
    insight: Insight | None = None

    @property
    def backbone(self) -> str:
        """Version of the backbone whose features its heads take."""
        return self.record.settings.backbone

    @property
    def is_rejected(self) -> bool:
        """Whether it is worse than the version that was active when it was made, beyond chance."""
        return self.record.promotion is not None and self.record.promotion.blocked

    @property
    def origin(self) -> str:
        """The version that its head was trained for; its own name unless it took over the active one's head."""
        return self.record.origin or self.name

    @property
    def best_head(self) -> Head | None:
        """What predicts: the served head as soon as it is there, the quick one before."""
        return self.served or self.head

    @property
    def edition(self) -> str:
        """Names the head behind a prediction, for the mirror: Label Studio is told the name alone, for both."""
        return self.name if self.served is None else f"{self.name}+"


class VersionStore:
    """Versions on disk, listed in SQL once they are whole."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._quarantine = Quarantine(folder.parent)

    def save(self, project: Project, version: Version, figures: VersionFigures | None = None) -> None:
        """Write a version: into a temporary folder, flushed, renamed, and only then recorded.

        Args:
            project: it is of.
            version: to keep.
            figures: what is kept of it when the files are removed.
        """
        queue = {"task_ids": version.task_ids.astype(np.int64), "scores": version.scores.astype(np.float64)}
        self._quarantine.make_folder(self._folder / project.key)
        with whole_folder(self._folder / project.key / version.name) as unfinished:
            save_file(queue, unfinished / QUEUE)
            if version.head is not None:
                _write_head(version.head, unfinished / HEAD)
            _write_json(replace(version.record, has_head=version.head is not None), unfinished / RECORD)
        self._keep_names(project, [*self.names(project), version.name])
        row = {
            "project_key": project.key,
            "name": version.name,
            "created_at": datetime.now(UTC),
            "backbone": version.backbone,
            "figures": None if figures is None else figures.to_json(),
        }
        with self._engine.begin() as connection:
            connection.execute(insert(VersionRow).values(row))

    def add_second_stage(self, project: Project, version: Version, served: Head | None, insight: Insight) -> Version:
        """Write a version's second stage, as whole as the version itself, and note in the mirror that it was made.

        Returns:
            The version with it.

        Raises:
            FileNotFoundError: the version's files were removed meanwhile.
        """
        home = self._folder / project.key / version.name
        if not home.exists():
            raise FileNotFoundError(f"The files of version {version.name} were removed meanwhile.")
        for left in home.glob(f".{SECOND}.*"):
            shutil.rmtree(left)
        with whole_folder(home / SECOND) as unfinished:
            if served is not None:
                _write_head(served, unfinished / SERVED)
            _write_json(insight, unfinished / INSIGHT)
        with self._engine.begin() as connection:
            connection.execute(
                update(ProjectRow).where(ProjectRow.key == project.key).values(second_stage_at=datetime.now(UTC))
            )
        return replace(version, served=served, insight=insight)

    def head_file(self, project: Project, name: str) -> Path:
        """Where a version's quick head is, if it has one, for as long as its files are kept; never changed."""
        return self._folder / project.key / name / HEAD

    def has_second_stage(self, project: Project, name: str) -> bool:
        """Whether a version has its second stage: one look at the disk."""
        return (self._folder / project.key / name / SECOND).exists()

    def unfinished_since(self, project: Project) -> datetime | None:
        """When the first version became active that came after the last second stage; None where none came."""
        query = (
            select(func.min(VersionRow.activated_at))
            .join(ProjectRow, ProjectRow.key == VersionRow.project_key)
            .where(ProjectRow.key == project.key)
            .where(or_(ProjectRow.second_stage_at.is_(None), VersionRow.activated_at > ProjectRow.second_stage_at))
        )
        with self._engine.connect() as connection:
            return connection.scalar(query)

    def newest_second_stage(self, project: Project) -> str | None:
        """The newest version that has its second stage, by looks at the disk; None where there is none."""
        home = self._folder / project.key
        names = (path.parent.name for path in home.glob(f"[!.]*/{SECOND}")) if home.exists() else ()
        return max(names, default=None)

    def insight(self, project: Project, name: str) -> Insight | None:
        """The figures of a version; None where it has none, or its files are gone or damaged."""
        found = self._second_stage(project, name)
        return None if found is None else found[0]

    def load(self, project: Project, name: str) -> Version:
        """Read a version. One that is damaged is set aside; without a second stage where that is damaged.

        Raises:
            FileNotFoundError: no whole version of this name is on disk.
        """
        home = self._folder / project.key / name
        # No name at all would have the folder of all versions set aside.
        version = self._quarantine.read(home, _read_version) if name else None
        if version is None:
            raise FileNotFoundError(f"There is no whole version {name} of project {project.id} on disk.")
        found = self._second_stage(project, name)
        return version if found is None else replace(version, insight=found[0], served=found[1])

    def _second_stage(self, project: Project, name: str) -> tuple[Insight, Head | None] | None:
        """A version's figures and served head; where they are damaged, the refresh makes them anew."""
        home = self._folder / project.key / name / SECOND
        was_there = home.exists()
        found = self._quarantine.read(home, _read_second_stage)
        if found is None and was_there:
            row = (ProjectRow.key == project.key, ProjectRow.active_version == name)
            with self._engine.begin() as connection:
                connection.execute(update(ProjectRow).where(*row).values(refreshed_version=None))
        return found

    def active_name(self, project: Project) -> str | None:
        """Name of the active version, whether its files are there or not."""
        with self._engine.connect() as connection:
            return connection.scalar(select(ProjectRow.active_version).where(ProjectRow.key == project.key))

    def active(self, project: Project) -> Version | None:
        """The active version; where its files are gone or damaged, the newest before it that was active.

        Returns:
            None where there is none, or none that can be read.
        """
        name = self.active_name(project)
        if name is None:
            return None
        with suppress(FileNotFoundError):
            return self.load(project, name)
        for former in self._former(project, name):
            with suppress(FileNotFoundError):
                return self.load(project, former)
        return None

    def _former(self, project: Project, name: str) -> list[str]:
        """Versions that were active before another one, and whose files are on disk, newest first."""
        query = select(VersionRow.name).where(
            VersionRow.project_key == project.key, VersionRow.name < name, VersionRow.activated_at.is_not(None)
        )
        with self._engine.connect() as connection:
            names = list(connection.scalars(query.order_by(VersionRow.name.desc())))
        return [each for each in names if (self._folder / project.key / each).exists()]

    def active_backbone(self, project: Project) -> str | None:
        """Version of the backbone that the active version was made with, without reading that version.

        Returns:
            None where there is no active version, or its files were lost.
        """
        query = (
            select(ProjectRow.active_version, VersionRow.backbone)
            .outerjoin(
                VersionRow,
                (VersionRow.project_key == ProjectRow.key) & (VersionRow.name == ProjectRow.active_version),
            )
            .where(ProjectRow.key == project.key)
        )
        with self._engine.connect() as connection:
            name, backbone = connection.execute(query).one_or_none() or (None, None)
        if name is None or not (self._folder / project.key / name / RECORD).exists():
            return None
        return backbone or self._recall_backbone(project)

    def _recall_backbone(self, project: Project) -> str | None:
        """What the record of the active version says, kept for the next time: older rows don't have it."""
        active = self.active(project)
        if active is None:
            return None
        row = (VersionRow.project_key == project.key, VersionRow.name == active.name)
        with self._engine.begin() as connection:
            connection.execute(update(VersionRow).where(*row).values(backbone=active.backbone))
        return active.backbone

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

    def ours(self, project: Project) -> set[str]:
        """Every name that predictions of ours may bear in Label Studio, also of versions that the mirror has lost."""
        return {NO_VERSION, *self._keep_names(project, self.names(project))}

    def _keep_names(self, project: Project, names: Sequence[str]) -> list[str]:
        """Keep names of versions where they outlive a mirror that is lost; all that are kept, and these, oldest first.

        Those that the mirror knows are named each time: so the file is made anew where it is missing or damaged, and
        begun where an earlier release made them.
        """
        file = self._folder / NAMES / project.key
        kept = self._quarantine.read(file, _read_names) or []
        known = sorted({*kept, *names})
        if known[-MOST_NAMES:] != kept:
            self._quarantine.make_folder(file.parent)
            with whole_file(file, flushed=False) as unfinished:
                unfinished.write_text(json.dumps(known[-MOST_NAMES:]))
        return known

    def history(self, project: Project, most: int) -> list[HistoryEntry]:
        """The newest `most` versions, oldest first, whether their files are kept or not."""
        with self._engine.connect() as connection:
            query = (
                select(VersionRow.name, VersionRow.created_at, VersionRow.activated_at, VersionRow.figures)
                .where(VersionRow.project_key == project.key)
                .order_by(VersionRow.created_at.desc())
                .limit(most)
            )
            entries = [
                HistoryEntry(name, created_at, activated_at, VersionFigures.from_json(figures or {}))
                for name, created_at, activated_at, figures in connection.execute(query)
            ]
        return entries[::-1]

    def add_served_figures(self, project: Project, name: str, served: ServedFigures) -> None:
        """Add what a version's second stage was measured at to what is kept of it for the history."""
        row = (VersionRow.project_key == project.key, VersionRow.name == name)
        with self._engine.begin() as connection:
            figures = VersionFigures.from_json(connection.scalar(select(VersionRow.figures).where(*row)) or {})
            connection.execute(update(VersionRow).where(*row).values(figures=replace(figures, served=served).to_json()))

    def prune(self, project: Project, keep: int) -> None:
        """Remove the files of all but the `keep` newest versions, and what killed runs left half written."""
        home = self._folder / project.key
        whole = set(self.names(project)[-keep:])
        with self._engine.connect() as connection:
            whole.add(connection.scalar(select(ProjectRow.active_version).where(ProjectRow.key == project.key)) or "")
        if home.exists():
            for path in home.iterdir():
                if path.name not in whole:
                    _remove(path)


def _remove(folder: Path) -> None:
    """Remove a version's folder: at once for whoever reads it just now."""
    hidden = folder if folder.name.startswith(".") else folder.with_name(f".{folder.name}.removed")
    with suppress(FileNotFoundError):
        folder.rename(hidden)
    shutil.rmtree(hidden, ignore_errors=True)


def _read_version(home: Path) -> Version:
    """A version without its second stage.

    Raises:
        Exception: `quarantine.is_damage` knows which.
    """
    if not home.is_dir():
        home.stat()
        raise NotADirectoryError(errno.ENOTDIR, "a file in a version's place", str(home))
    _check_whole(home, RECORD, QUEUE)
    record = VersionRecord.from_json(json.loads((home / RECORD).read_text()))
    if record.has_head:
        _check_whole(home, HEAD)
    with _open(home / QUEUE) as file:
        task_ids, scores = file.get_tensor("task_ids"), file.get_tensor("scores")
    if task_ids.ndim != 1 or task_ids.shape != scores.shape or not np.issubdtype(task_ids.dtype, np.integer):
        raise ValueError(f"tasks {task_ids.dtype} {task_ids.shape} with scores {scores.shape} are no queue")
    return Version(home.name, _read_head(home / HEAD), task_ids, scores, record)


def _read_second_stage(home: Path) -> tuple[Insight, Head | None]:
    """A version's figures, and its served head, which it has where it has a quick one.

    Raises:
        Exception: `quarantine.is_damage` knows which.
    """
    home.stat()
    _check_whole(home, INSIGHT, *([SERVED] if (home.parent / HEAD).exists() else []))
    insight = Insight.from_json(json.loads((home / INSIGHT).read_text()))
    return insight, _read_head(home / SERVED)


def _check_whole(home: Path, *names: str) -> None:
    missing = [name for name in names if not (home / name).exists()]
    if missing:
        raise ValueError(f"it has no {' and no '.join(missing)}")


def _read_names(file: Path) -> list[str]:
    names = json.loads(file.read_text())
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("these are no names of versions")
    return names


def _write_head(head: Head, path: Path) -> None:
    tensors, metadata = head.to_tensors()
    save_file(dict(tensors), path, metadata=metadata)


def _read_head(path: Path) -> Head | None:
    if not path.exists():
        return None
    with _open(path) as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
        return Head.from_tensors(tensors, file.metadata() or {})


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    """The tensors of a file."""
    # Safetensors says of a file that it may not read that there is none.
    with path.open("rb"), safe_open(path, framework="numpy") as file:
        yield file


def _write_json(record: JsonRecord, path: Path) -> None:
    path.write_text(json.dumps(record.to_json(), ensure_ascii=False, indent=1, allow_nan=False))
