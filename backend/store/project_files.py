"""What is kept of a project on disk, whichever store keeps it: a file or folder by the project's key in each."""

import shutil
from collections.abc import Set
from pathlib import Path

from backend.project import Project
from backend.store.quarantine import Quarantine
from backend.store.versions import NAMES

VERSIONS, GEOMETRY, AUTOLABEL, FINETUNE = "versions", "geometry", "autolabel", "finetune"
UNCLAIMED = ".unclaimed"


class ProjectFiles:
    """The files of all projects in one MODEL_DIR."""

    def __init__(self, model_dir: Path) -> None:
        self._model_dir = model_dir
        self._quarantine = Quarantine(model_dir)

    def keys(self) -> set[str]:
        """Keys of all projects that have any."""
        folders = [self._model_dir / name for name in (VERSIONS, GEOMETRY, AUTOLABEL, FINETUNE)]
        paths = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
        return {path.name.removesuffix(".safetensors") for path in paths if not path.name.startswith(".")}

    def set_aside(self, project: Project, reason: str) -> None:
        """Put all of a project's files away."""
        for path in self._of(project.key):
            self._quarantine.put_away(path, reason)

    def remove(self, key: str) -> None:
        """Remove all of a project's files."""
        for path in self._of(key):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def unclaimed(self, known: Set[str]) -> dict[str, float]:
        """Projects with files that are none of the known ones, and since when, in seconds since 1970.

        That is when it was first asked for: how old the files are says nothing of when their project was forgotten.

        Args:
            known: keys of projects.
        """
        folder = self._model_dir / VERSIONS / UNCLAIMED
        self._quarantine.make_folder(folder)
        keys = self.keys() - known
        for mark in folder.iterdir():
            if mark.name not in keys:
                mark.unlink()
        for key in keys:
            if not (folder / key).exists():
                (folder / key).touch()
        return {key: (folder / key).stat().st_mtime for key in keys}

    def _of(self, key: str) -> list[Path]:
        paths = [self._model_dir / name / key for name in (VERSIONS, AUTOLABEL, FINETUNE)]
        paths.append(self._model_dir / VERSIONS / NAMES / key)
        paths.append(self._model_dir / GEOMETRY / f"{key}.safetensors")
        return [path for path in paths if path.exists()]
