"""Looks at Label Studio's database and at the versions all the time, without asking Label Studio for anything."""

import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from backend.project import Project
from backend.services import Services
from backend.settings import Settings
from scripts.lab.soak.installation import Installation
from scripts.lab.soak.projects import SoakProject, classes_of

PAUSE_SECONDS = 0.3
PREDICTIONS_SECONDS = 2.0
VERSION_FORMAT = "%Y%m%d-%H%M%S"


@dataclass
class Seen:
    """What was seen.

    Attributes:
        versions: by project, each active version with the time at which it was first seen (monotonic clock).
        torn: a line for each version that was active and could not be read.
        most_predictions: of ours in a project, as a share of its tasks.
        most_on_a_task: of ours.
        strange: predictions of ours whose choice is another project's.
    """

    versions: dict[int, list[tuple[str, float]]] = field(default_factory=dict)
    torn: list[str] = field(default_factory=list)
    most_predictions: float = 0.0
    most_on_a_task: int = 0
    strange: int = 0


class DatabaseWatch(threading.Thread):
    """A thread that notes every active version, and counts predictions."""

    def __init__(self, installation: Installation, projects: Sequence[SoakProject]) -> None:
        super().__init__(name="watch", daemon=True)
        self._installation = installation
        self._projects = {each.id: each for each in projects}
        self._database = installation.label_studio.database
        self._stopping = threading.Event()
        self._counted_at = 0.0
        self.seen = Seen(versions={each: [] for each in self._projects})

    def run(self) -> None:
        """Look until `stop`."""
        while not self._stopping.wait(PAUSE_SECONDS):
            try:
                self._look()
            except sqlite3.Error:
                continue  # Label Studio is being killed, or writes.

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self.join()

    def newest(self, project: int) -> tuple[str, float]:
        """The active version and when it came; an empty name before the first."""
        seen = self.seen.versions[project]
        return seen[-1] if seen else ("", 0.0)

    def labelled(self, project: int) -> set[int]:
        """Tasks that have an annotation, in Label Studio's own database."""
        query = "select distinct task_id from task_completion where project_id = ? and was_cancelled = 0"
        with closing(self._connect()) as connection:
            return {int(task) for (task,) in connection.execute(query, [project])}

    def _look(self) -> None:
        with closing(self._connect()) as connection:
            active = dict(connection.execute("select id, model_version from project").fetchall())
            if time.monotonic() > self._counted_at + PREDICTIONS_SECONDS:
                self._count(connection)
                self._counted_at = time.monotonic()
        for project in self._projects:
            self._note(project, str(active.get(project) or ""))

    def _note(self, project: int, name: str) -> None:
        if made_at(name) is None or name == self.newest(project)[0]:
            return
        self.seen.versions[project].append((name, time.monotonic()))
        try:
            self._read(project, name)
        except Exception as problem:
            if name not in self._installation.corrupted and name == self._active_now(project):
                self.seen.torn.append(f"{name} of project {project}: {problem}")

    def _active_now(self, project: int) -> str:
        with closing(self._connect()) as connection:
            found = connection.execute("select model_version from project where id = ?", [project]).fetchone()
        return str(found[0])

    def _read(self, project: int, name: str) -> None:
        server = self._installation.server
        settings = Settings(label_studio_url=server.label_studio_url, model_dir=server.folder)
        Services(settings).versions.load(Project(settings.label_studio_url, project), name)

    def _count(self, connection: sqlite3.Connection) -> None:
        query = "select task_id, model_version, result from prediction where project_id = ?"
        for number, project in self._projects.items():
            on_task: dict[int, int] = {}
            expected = classes_of(project.letter)
            for task, version, result in connection.execute(query, [number]):
                if made_at(str(version)) is None:
                    continue
                on_task[task] = on_task.get(task, 0) + 1
                if '"choices"' in result and not any(f'"{name}"' in result for name in expected):
                    self.seen.strange += 1
            share = sum(on_task.values()) / max(1, len(project.truth))
            self.seen.most_predictions = max(self.seen.most_predictions, share)
            self.seen.most_on_a_task = max(self.seen.most_on_a_task, *on_task.values(), 0)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=5.0)


def made_at(version: str) -> datetime | None:
    """When a version of ours was made; None for a name that is none of ours."""
    try:
        return datetime.strptime(version[:15], VERSION_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def version_files(server_folder: Path, name: str) -> list[Path]:
    """Files of a version, whichever project it is of."""
    return sorted(file for file in (server_folder / "versions").glob(f"*/{name}/**/*") if file.is_file())
