"""The projects that are labelled: pictures of a few classes that no other project has."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import LabelStudioApi
from scripts.cli.connection.attach import attach
from scripts.cli.connection.findings import has_errors
from scripts.lab.soak.errors import SoakError
from scripts.lab.soak.images import Trap
from scripts.lab.soak.installation import Installation
from scripts.stack.image_project import Json, address, create_project, import_tasks, serve_images

CLASSES = 4
LOCAL = 100
"""So many of the first project's images lie on Label Studio's own disk."""

FIRST_TASKS = 400
MORE_TASKS = 200


@dataclass
class SoakProject:
    """A project of Label Studio.

    Attributes:
        id: Label Studio's.
        letter: its classes begin with it.
        installation: that it is in.
        truth: class by task id.
    """

    id: int
    letter: str
    installation: Installation
    truth: dict[int, str] = field(default_factory=dict)
    _growing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def classes(self) -> list[str]:
        """Its classes, in the config's order."""
        return classes_of(self.letter)

    @property
    def api(self) -> LabelStudioApi:
        """Label Studio itself, without the proxy."""
        return LabelStudioApi(self.installation.label_studio.url, self.installation.label_studio.token)

    def class_of(self, task: int) -> str:
        """The class of a task, which may have been imported a moment ago."""
        if task not in self.truth:
            # Whoever imports it notes its class before the next one may.
            with self._growing:
                pass
        return self.truth[task]

    def grow(self, known: int) -> None:
        """Import more tasks, unless somebody did so since there were `known`."""
        with self._growing:
            if len(self.truth) == known:
                self.add_pictures(MORE_TASKS)

    def add_pictures(self, count: int) -> None:
        """Import tasks with good images."""
        host, first = self.installation.images, len(self.truth)
        numbers = range(first, first + count)
        self._add([(host.picture(self._unique(each), self._pattern(each)), each % CLASSES) for each in numbers])

    def add_traps(self, kinds: Sequence[Trap]) -> None:
        """Import tasks whose images can't be used."""
        host, first = self.installation.images, len(self.truth)
        with self._growing:
            self._add([(host.trap(kind, self._unique(first + place)), 0) for place, kind in enumerate(kinds)])

    def add_local_pictures(self, count: int) -> None:
        """Import tasks with images that lie on Label Studio's disk."""
        from scripts.lab.benchmarks.images import picture  # noqa: PLC0415 - SciPy and more come with it

        folder = self.installation.label_studio.documents / self.letter
        folder.mkdir(parents=True)
        for each in range(count):
            (folder / f"{each}.jpg").write_bytes(picture(self._unique(each), self._pattern(each)))
        serve_images(self.api, self.id, folder)
        self._add([(address(folder, f"{each}.jpg"), each % CLASSES) for each in range(count)])

    def _add(self, images: Sequence[tuple[str, int]]) -> None:
        tasks: list[Json] = [{"data": {"image": url}} for url, _ in images]
        ids = import_tasks(self.api, self.id, tasks)
        names = self.classes
        self.truth.update({task: names[kind] for task, (_, kind) in zip(ids, images, strict=True)})

    def _unique(self, number: int) -> int:
        return ord(self.letter) * 1_000_000 + number

    def _pattern(self, number: int) -> int:
        return ord(self.letter) * CLASSES + number % CLASSES


def classes_of(letter: str) -> list[str]:
    """Names of a project's classes."""
    return [f"{letter} {number}" for number in range(CLASSES)]


def make(installation: Installation, letter: str, *, local: bool) -> SoakProject:
    """Make a project with its first tasks, and attach the backend.

    Raises:
        SoakError: the backend can't be attached.
    """
    api = LabelStudioApi(installation.label_studio.url, installation.label_studio.token)
    project = SoakProject(create_project(api, f"soak {letter}", classes_of(letter)), letter, installation)
    if local:
        project.add_local_pictures(LOCAL)
    project.add_pictures(FIRST_TASKS - LOCAL * local)
    server = installation.server
    backend = BackendAddress(server.url, server.basic_auth, server.webhook_secret)
    findings = attach(api, project.id, backend, installation.records)
    if has_errors(findings):
        raise SoakError("; ".join(f"{finding.what} {finding.mend}" for finding in findings))
    return project
