"""A backend in the test's own process: jobs as functions, the web service without its threads."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import SQLAlchemyError

from backend.loop import job
from backend.project import Project
from backend.services import Services
from backend.settings import Settings
from backend.web.app import app_of
from backend.web.service import WebService
from backend.web.upkeep.reconciler import Reconciler
from tests.support.small_label_studio import SmallLabelStudio, small_label_studio

PER_CLASS = 12


@dataclass
class Backend:
    """A backend with one project.

    Attributes:
        label_studio: that it works for.
        settings: of the backend.
        labelled: tasks with an annotation so far.
    """

    label_studio: SmallLabelStudio
    settings: Settings
    labelled: list[int] = field(default_factory=list)

    @property
    def services(self) -> Services:
        """What a process that starts now would make."""
        return Services(self.settings)

    @property
    def project(self) -> Project:
        """The only one."""
        return self.services.project(1)

    def label(self, count: int = 1) -> None:
        """Annotate the next tasks."""
        for _ in range(count):
            task = len(self.labelled) + 1
            self.label_studio.held.label(task, ("circle", "square")[(task - 1) % 2])
            self.labelled.append(task)

    def run(self) -> None:
        """A run of the loop, in a process that has just begun."""
        job.run(1)

    def active_version(self) -> str | None:
        """As the mirror knows it."""
        mirrored = self.services.mirror.project(self.project)
        return None if mirrored is None else mirrored.active_version

    def labels_learned(self) -> int:
        """Labels that the active version was made of."""
        version = self.services.versions.active(self.project)
        return 0 if version is None else len(version.record.labels)

    def client(self) -> FlaskClient:
        """Calls the routes of a web process that has just begun, and has looked at everything once."""
        service = WebService(self.services)
        for look in (service._board.read_projects, service._board.read_stores, service._board.check_surroundings):
            with suppress(SQLAlchemyError):
                look()
        return app_of(service).test_client()

    def refresh(self) -> None:
        """What follows when nobody labels."""
        job.refresh(1)

    def reconcile(self) -> None:
        """One step of the reconciler of a web process that has just begun."""
        Reconciler(self.services).step()


@contextmanager
def backend(
    folder: Path, redis_url: str, backbones: Path, monkeypatch: pytest.MonkeyPatch, per_class: int = PER_CLASS
) -> Iterator[Backend]:
    """A backend before its first run.

    Args:
        folder: for all that it keeps.
        redis_url: of an empty Redis.
        backbones: folder of exports, by backbone version.
        monkeypatch: gives the jobs these settings.
        per_class: tasks of each of two classes.
    """
    (folder / "backbones").mkdir(parents=True)
    for export in backbones.iterdir():
        if export.is_dir() and not export.name.startswith("."):
            (folder / "backbones" / export.name).symlink_to(export, target_is_directory=True)
    with small_label_studio(per_class) as server:
        settings = Settings(
            label_studio_url=server.url,
            label_studio_api_key="5eed" * 10,
            redis_url=redis_url,
            model_dir=folder,
            debounce_seconds=0,
            mlflow_tracking_uri="http://127.0.0.1:1",
        )
        monkeypatch.setattr("backend.job.load", lambda: settings)
        Services(settings).migrate()
        yield Backend(server, settings)
