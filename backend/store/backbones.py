"""Backbones on disk: the one that the settings name, and those that were fine-tuned for a project.

backbones/<version>/    a backbone's ONNX export, see `model.networks.export`
networks/<version>/     the trained network that a backbone is the body of, see `model.networks.storage`
bases/<origin>.json     which version the settings' backbone has, where only its weights tell
"""

import contextlib
import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backend.errors import RetryLaterError
from backend.store.quarantine import Quarantine
from model.backbone.backbone import Backbone, Origin
from model.backbone.embedder import read_backbone
from model.errors import ModelError
from model.files import whole_file, whole_folder

LEARNED = "learned.json"
"""Beside a fine-tuned network."""

# Of a file: its name, its size in bytes, and when it was changed, in nanoseconds.
Stamp = list[list[str | int]]


class BackboneStore:
    """Backbones by their version.

    Attributes:
        origin: of the one that the settings name, the base.
    """

    def __init__(self, folder: Path, origin: Origin) -> None:
        self.origin = origin
        self._folder = folder
        self._quarantine = Quarantine(folder)

    @property
    def base(self) -> Backbone:
        """The backbone that the settings name.

        Raises:
            RetryLaterError: its version is known when a worker has exported it; or its export was damaged.
        """
        if self.origin.registered is not None:
            return self.origin.registered
        version = self._base_version()
        if version is None or not self.is_ready(version):
            raise RetryLaterError(
                f"The backbone {self.origin.name} is not exported yet; a worker does so when it starts, or says in its "
                "log why it can't."
            )
        return self._read(version)

    def base_is_ready(self) -> bool:
        """Whether images can be embedded by the base."""
        version = self._base_version()
        return version is not None and self.is_ready(version)

    def base_is_current(self) -> bool:
        """Whether the base is ready, and made of the files that the settings name as they are now."""
        return self.base_is_ready() and (self.origin.registered is not None or self._named()["files"] == self._files())

    def take_shipped(self, shipped: Path | None) -> bool:
        """Copy the base's export from a folder that an image brings; whether it is there now.

        Args:
            shipped: a folder for each export, by the backbone's name; None where there is none.
        """
        base = self.origin.registered
        if shipped is None or base is None:
            return False
        # An image of another release may ship another version under that name.
        with contextlib.suppress(ModelError, OSError):
            if read_backbone(shipped / base.name) == base:
                with whole_folder(self.export(base.version)) as unfinished:
                    shutil.copytree(shipped / base.name, unfinished, copy_function=shutil.copyfile, dirs_exist_ok=True)
        # Another worker may have been first.
        return self.is_ready(base.version)

    def name_base(self, version: str) -> None:
        """Note that the base, exported and made of the files that are there now, has this version."""
        self._sheet.parent.mkdir(parents=True, exist_ok=True)
        sheet = {"origin": asdict(self.origin), "version": version, "files": self._files()}
        with whole_file(self._sheet) as unfinished:
            unfinished.write_text(json.dumps(sheet, indent=2) + "\n", encoding="utf-8")

    def get(self, version: str) -> Backbone:
        """The backbone of that version.

        Raises:
            RetryLaterError: it is not on this disk (yet), or its export was damaged.
        """
        registered = self.origin.registered
        if registered is not None and version == registered.version:
            return registered
        return self._read(version)

    def set_aside(self, version: str, error: Exception) -> None:
        """Put away an export that can't be used; the settings' one is exported anew by the next run."""
        self._quarantine.set_aside(self.export(version), error)

    def is_ready(self, version: str) -> bool:
        """Whether images can be embedded by it."""
        return self.export(version).exists()

    def export(self, version: str) -> Path:
        """Where its ONNX export is, or will be."""
        return self._folder / "backbones" / version

    def network(self, version: str) -> Path:
        """Where the network is, or will be, that a backbone is the body of."""
        return self._folder / "networks" / version

    def learned(self, version: str) -> dict[int, str]:
        """Class by task of all that a backbone learned from, those included that it goes back to."""
        lost = f"Which labels the backbone {version} learned from."
        return self._quarantine.read(self.network(version) / LEARNED, _read_learned, lost=lost) or {}

    def remove(self, version: str) -> None:
        """Remove a fine-tuned backbone's files."""
        shutil.rmtree(self.export(version), ignore_errors=True)
        shutil.rmtree(self.network(version), ignore_errors=True)

    def _read(self, version: str) -> Backbone:
        found = self._quarantine.read(self.export(version), read_backbone) if self.is_ready(version) else None
        if found is None:
            raise RetryLaterError(f"The backbone {version} is not in {self._folder}.")
        return found

    def _base_version(self) -> str | None:
        registered = self.origin.registered
        if registered is not None:
            return registered.version
        named = self._named()
        return str(named["version"]) if named else None

    @property
    def _sheet(self) -> Path:
        key = hashlib.sha256(json.dumps(asdict(self.origin)).encode()).hexdigest()[:12]
        return self._folder / "bases" / f"{key}.json"

    def _named(self) -> dict[str, Any]:
        return self._quarantine.read(self._sheet, _read_sheet) or {}

    def _files(self) -> Stamp:
        """What tells that a file of weights, or a saved network, is another than before, without reading it."""
        given = [Path(self.origin.weights), *sorted(Path(self.origin.name).glob("*"))]
        found = [(file, file.stat()) for file in given if file.is_file()]
        return [[file.name, stat.st_size, stat.st_mtime_ns] for file, stat in found]


def _read_learned(path: Path) -> dict[int, str]:
    return {int(task): str(choice) for task, choice in dict(json.loads(path.read_text())).items()}


def _read_sheet(path: Path) -> dict[str, Any]:
    named = dict(json.loads(path.read_text(encoding="utf-8")))
    missing = {"version", "files"} - named.keys()
    if missing:
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    return named
