"""Removes what belongs to nobody any more, so that nothing grows without end. Each owner knows what is its own."""

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from backend import logs
from backend.queue.project_queue import ProjectQueue
from backend.store.features import FeatureStore
from backend.store.mirror import Mirror
from backend.store.project_files import ProjectFiles
from backend.store.quarantine import Quarantine

UNFINISHED = timedelta(days=1)
"""Half-written files and folders of killed processes are kept for so long: a large copy may take hours."""

_UNFINISHED_NAME = re.compile(r"\..+\.([0-9a-f]{32}|removed)")
_DEEPEST = 4

log = logs.get()


@dataclass(frozen=True)
class Sweeper:
    """Sweeps one MODEL_DIR and what belongs to it in SQL and Redis.

    Attributes:
        retention: for how long the files of projects that are gone, and what was set aside, are kept.
    """

    model_dir: Path
    mirror: Mirror
    queue: ProjectQueue
    files: ProjectFiles
    quarantine: Quarantine
    features: FeatureStore
    retention: timedelta

    def run(self) -> dict[str, int]:
        """Sweep all of it once; doing so twice, or at the same time as a run, does no harm.

        Returns:
            How many things were removed, by what they were.
        """
        projects = {each.project.key: each.project.id for each in self.mirror.projects()}
        swept = {
            "projects": self._sweep_projects(set(projects)),
            "set aside": self.quarantine.sweep(self.retention),
            "unfinished": self._sweep_unfinished(),
            "features": self._sweep_features(set(projects)),
            "keys": self.queue.sweep(set(projects.values()), self.retention.total_seconds()),
        }
        if any(swept.values()):
            log.info("swept", **{name.replace(" ", "_"): count for name, count in swept.items() if count})
        return swept

    def _sweep_projects(self, known: set[str]) -> int:
        """Files of projects that the mirror has not had for long, unless their runs have not come through since."""
        oldest = time.time() - self.retention.total_seconds()
        failing = {str(number) for number in self.queue.failing.all()}
        unclaimed = self.files.unclaimed(known)
        gone = [key for key, since in unclaimed.items() if since < oldest and key.partition("-")[0] not in failing]
        for key in gone:
            self.files.remove(key)
        return len(gone)

    def _sweep_unfinished(self) -> int:
        oldest = time.time() - UNFINISHED.total_seconds()
        found = [path for path in _unfinished(self.model_dir, _DEEPEST) if path.lstat().st_mtime < oldest]
        for path in found:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return len(found)

    def _sweep_features(self, known: set[str]) -> int:
        """Features that no task holds; none while tasks wait for theirs, as all do after the mirror was lost."""
        if self.files.keys() - known or self.mirror.images_wait():
            return 0
        return self.features.sweep(self.mirror.content_hashes())


def _unfinished(folder: Path, depth: int) -> Iterator[Path]:
    """What `model.files` names until it is whole; links are not followed."""
    for path in folder.iterdir():
        if _UNFINISHED_NAME.fullmatch(path.name):
            yield path
        elif depth > 1 and path.is_dir() and not path.is_symlink():
            yield from _unfinished(path, depth - 1)
