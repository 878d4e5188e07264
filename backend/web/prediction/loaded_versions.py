"""The versions that the web process answers with, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from cachetools import LRUCache

from backend.loop import predictions
from backend.project import Project
from backend.store.versions import Version, VersionStore

IN_MEMORY = 16
"""The active one of each project that people label in at the same time."""


@dataclass(frozen=True, eq=False)
class LoadedVersion:
    """A version, and its rank scores in [0, 1] by task."""

    version: Version
    scores: Mapping[int, float]


class LoadedVersions:
    """Versions that were asked for lately. Safe to use from several threads."""

    def __init__(self, store: VersionStore) -> None:
        self._store = store
        self._loaded: LRUCache[tuple[Project, str], LoadedVersion] = LRUCache(IN_MEMORY)
        self._lock = Lock()

    def get(self, project: Project, name: str) -> LoadedVersion | None:
        """A version with all that there is of it by now; None where its files are gone, or it never was."""
        with self._lock:
            loaded = self._loaded.get((project, name))
            if loaded is not None and not self._has_grown(project, loaded.version):
                return loaded
            try:
                version = self._store.load(project, name)
            except FileNotFoundError:
                return None
            loaded = self._loaded[project, name] = LoadedVersion(version, predictions.rank_scores(version))
            return loaded

    def _has_grown(self, project: Project, version: Version) -> bool:
        """Whether the second stage arrived since the version was loaded."""
        return version.insight is None and self._store.has_second_stage(project, version.name)
