"""Backbones on disk: the one that the settings name, and those that were fine-tuned for a project.

backbones/<version>/    a backbone's ONNX export, see `model.export`
networks/<version>/     the network that a fine-tuned backbone is the body of, see `model.networks.saved`
"""

import json
import shutil
from pathlib import Path

from backend.errors import RetryLaterError
from model.backbones import Backbone
from model.features import read_backbone

LEARNED = "learned.json"
"""Beside a fine-tuned network."""


class BackboneStore:
    """Backbones by their version.

    Attributes:
        base: the one that the settings name.
    """

    def __init__(self, folder: Path, base: Backbone) -> None:
        self.base = base
        self._folder = folder

    def get(self, version: str) -> Backbone:
        """The backbone of that version.

        Raises:
            RetryLaterError: it is not on this disk (yet).
            ModelError: its export is broken.
        """
        if version == self.base.version:
            return self.base
        if not self.is_ready(version):
            raise RetryLaterError(f"The backbone {version} is not in {self._folder}.")
        return read_backbone(self.export(version))

    def is_ready(self, version: str) -> bool:
        """Whether images can be embedded by it."""
        return self.export(version).exists()

    def export(self, version: str) -> Path:
        """Where its ONNX export is, or will be."""
        return self._folder / "backbones" / version

    def network(self, version: str) -> Path:
        """Where the network is, or will be, that a fine-tuned backbone is the body of."""
        return self._folder / "networks" / version

    def learned(self, version: str) -> dict[int, str]:
        """Class by task of all that a backbone learned from, those included that it goes back to."""
        try:
            record: dict[str, str] = json.loads((self.network(version) / LEARNED).read_text())
        except FileNotFoundError:
            return {}
        return {int(task): choice for task, choice in record.items()}

    def remove(self, version: str) -> None:
        """Remove a fine-tuned backbone's files."""
        shutil.rmtree(self.export(version), ignore_errors=True)
        shutil.rmtree(self.network(version), ignore_errors=True)
