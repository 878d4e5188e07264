"""Looks at a project's active version all the time: whether each one ever shown was whole."""

import threading
import time
from dataclasses import dataclass, field

import requests

from backend.project import Project
from backend.services import Services
from backend.settings import Settings
from backend.store.versions import Version
from scripts.stack.backend import BackendServer
from scripts.stack.errors import StackError
from tests.support.project import LabelledProject

PAUSE_SECONDS = 0.25
BEFORE_THE_SWITCH = 2
"""Tasks that have a version's prediction before it becomes active, however slowly people label."""
READY_MADE = ("", "Label Loop")
"""What Label Studio names before the first version: nothing, or the connection's title."""


@dataclass
class Watch:
    """A thread that notes every active version that Label Studio shows, with what was wrong with it.

    Attributes:
        seen: names in the order of their appearance.
        wrong: a line for each version that was shown although it was not whole.
    """

    project: LabelledProject
    server: BackendServer
    seen: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def active(self) -> str:
        """The version that was active at the last look; empty before the first."""
        return self.seen[-1] if self.seen else ""

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def whole(self, name: str) -> Version:
        """The version's artefacts, read as the backend reads them.

        Raises:
            FileNotFoundError: they are not all there.
        """
        settings = Settings(label_studio_url=self.project.api.url, model_dir=self.server.folder)
        return Services(settings).versions.load(Project(settings.label_studio_url, self.project.id), name)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._look()
            except (StackError, requests.RequestException):
                time.sleep(PAUSE_SECONDS)  # Label Studio is away, or died while it answered.
            time.sleep(PAUSE_SECONDS)

    def _look(self) -> None:
        name = self.project.active_version()
        if name in READY_MADE or name == self.active:
            return
        try:
            version = self.whole(name)
        except (OSError, ValueError) as problem:
            self.wrong.append(f"{name} was active, but its artefacts are not whole: {problem}")
            self.seen.append(name)
            return
        wanted = set(version.task_ids[version.scores < 1.0][:BEFORE_THE_SWITCH].tolist())
        missing = wanted - self.project.predictions(name).keys()
        if missing:
            self.wrong.append(f"{name} was active, but {len(missing)} of its first predictions were missing.")
        self.seen.append(name)
