"""A labelled Label Studio project as a source of images: its labels as the loop resolves them, its images fetched."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePosixPath
from typing import Self
from urllib.parse import urlsplit

from backend import settings
from backend.errors import LabelLoopError
from backend.images.fetcher import ImageFetcher
from backend.images.outcome import Unavailable
from backend.label_studio import config
from backend.label_studio.client import LabelStudio
from backend.store.labels import resolve
from backend.store.pulled import read_tasks
from backend.store.records.mirror import PulledTask
from model.images.limits import ImageLimits
from scripts.lab.datasets import DataError, EncodedImage

ADDRESS = re.compile(r"(https?://.+?)/projects/(\d+)(?:/.*)?")
FETCHERS = 8
FETCH_SECONDS = 20.0


@dataclass(eq=False)
class LabelledProject:
    """The labelled tasks of a project, by ascending id.

    Attributes:
        name: its title.
        classes: of the label config.
        tasks: id and address of the image.
        labels: class of each.
        fetcher: of the images.
        paths, left_out: none, for the images are no files.
    """

    name: str
    classes: list[str]
    tasks: list[tuple[int, str]]
    labels: list[str]
    fetcher: ImageFetcher
    paths: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, address: str, token: str) -> Self:
        """Ask Label Studio for all annotations.

        Raises:
            DataError: no project's address, no token, or Label Studio refuses or does not answer.
        """
        found = ADDRESS.fullmatch(address)
        if found is None:
            raise DataError(f"{address} is no project's address, as http://host:8080/projects/3 is.")
        if not token:
            raise DataError("No token is given. Give one with --token, or set LABEL_STUDIO_API_KEY.")
        label_studio = LabelStudio(found[1], token)
        try:
            state = label_studio.project(int(found[2]))
            labeling = config.read(state.label_config)
            annotated = read_tasks(label_studio.annotated_tasks(int(found[2])), labeling, annotated=True)
        except LabelLoopError as problem:
            raise DataError(f"{address}: {problem}") from problem
        answers = [annotation for task in annotated for annotation in task.annotations or ()]
        labels = {task: label.choice for task, label in resolve(answers, labeling.current).items()}
        labelled = sorted((task for task in annotated if task.id in labels), key=_by_id)
        return cls(
            name=f"{state.title} ({address})",
            classes=list(labeling.classes),
            tasks=[(task.id, task.image) for task in labelled],
            labels=[labels[task.id] for task in labelled],
            fetcher=ImageFetcher(
                label_studio,
                max_bytes=ImageLimits().max_bytes,
                seconds=FETCH_SECONDS,
                allow_private=settings.load().networks_allowed,
            ),
        )

    def read(self, wanted: Sequence[int]) -> Iterator[EncodedImage]:
        """The images of the tasks at these places; those that Label Studio does not give are passed over."""
        numbers = iter(wanted)
        with ThreadPoolExecutor(FETCHERS) as threads:
            while chunk := list(islice(numbers, 8 * FETCHERS)):
                for number, content in zip(chunk, threads.map(self._fetch, chunk), strict=True):
                    if content is not None:
                        suffix = PurePosixPath(urlsplit(self.tasks[number][1]).path).suffix.lower()
                        yield EncodedImage(number, suffix, content)

    def _fetch(self, number: int) -> bytes | None:
        task, address = self.tasks[number]
        fetched = self.fetcher.fetch(address, task)
        return None if isinstance(fetched, Unavailable) else fetched


def _by_id(task: PulledTask) -> int:
    return task.id
