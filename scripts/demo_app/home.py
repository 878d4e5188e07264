"""The demo's folder: what it keeps between runs, its lock, and beginning anew."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from model.files import whole_file
from scripts.demo_app.errors import DemoError

MARKER, LOCK = ".label-loop-demo", ".lock"
# What `--reset` deletes. Label Studio's environment and downloads stay: they would only come back the same.
MADE = ("state.json", "logs", "redis", "label-studio", "documents", "backend", "projects", "connections")


@dataclass
class DemoState:
    """What must be the same at the next start.

    Attributes:
        password: of the user that logs in to Label Studio.
        token: that user's API token.
        backend_password: that Label Studio gives to the backend.
        webhook_secret: that the webhook carries.
        ports: by process name; kept while they are free.
        projects: Label Studio's project ids by data set key.
        attached: address of the backend that a project is attached to, by project id.
    """

    password: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    token: str = field(default_factory=lambda: secrets.token_hex(20))
    backend_password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    webhook_secret: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    ports: dict[str, int] = field(default_factory=dict)
    projects: dict[str, int] = field(default_factory=dict)
    attached: dict[str, str] = field(default_factory=dict)


class DemoHome:
    """The demo's folder and the names in it.

    Args:
        folder: absolute; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self.redis = folder / "redis"
        self.label_studio = folder / "label-studio"
        self.label_studio_environment = folder / "label-studio-env"
        self.documents = folder / "documents"
        self.downloads = folder / "downloads"
        self.backend = folder / "backend"
        self.projects = folder / "projects"
        self.connections = folder / "connections"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process; the lock ends with the process, however it ends.

        Raises:
            DemoError: another demo holds it, or it is a folder of somebody else's.
        """
        self._claim()
        marker = self.folder / MARKER
        try:
            with FileLock(self.folder / LOCK, blocking=False):
                marker.write_text(f"{os.getpid()}\n")
                yield
        except Timeout as problem:
            other = marker.read_text().strip() or "unknown"
            message = f"A demo already runs in {self.folder} (process {other}). Stop it, or choose another --home."
            raise DemoError(message) from problem

    def reset(self) -> None:
        """Delete what earlier runs made here, but not what was only downloaded."""
        for name in MADE:
            path = self.folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def load(self) -> DemoState:
        """The kept state, or a fresh one with new passwords.

        Raises:
            DemoError: the file cannot be read.
        """
        path = self.folder / "state.json"
        if not path.exists():
            return DemoState()
        try:
            return DemoState(**json.loads(path.read_text()))
        except (ValueError, TypeError) as problem:
            raise DemoError(f"{path} cannot be read ({problem}). Run again with --reset to begin anew.") from problem

    def save(self, state: DemoState) -> None:
        """Keep the state, readable by this user only, whole or not at all."""
        write_private(self.folder / "state.json", asdict(state))

    def _claim(self) -> None:
        marker = self.folder / MARKER
        if marker.exists():
            return
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise DemoError(f"{self.folder} is not empty and no folder of the demo's. Choose another --home.")
        self.folder.mkdir(parents=True, exist_ok=True)
        marker.touch()


def write_private(path: Path, content: object) -> None:
    """Write JSON, readable by this user only, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as unfinished:
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(content, indent=1))
