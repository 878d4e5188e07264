"""A labelled Label Studio project: its labels as the loop resolves them, its images fetched and embedded."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np

from backend.errors import ImageUnavailableError, LabelLoopError
from backend.jobs.sync import with_annotations
from backend.labelstudio import config
from backend.labelstudio.client import LabelStudio
from backend.labelstudio.images import ImageFetcher
from backend.store.labels import resolve
from backend.store.mirror import PulledTask
from model.backbones import Backbone
from scripts.simulation.embedding import LIMITS, embed
from scripts.simulation.errors import SimulationError
from scripts.simulation.labelled import LabelledData

ADDRESS = re.compile(r"(https?://.+?)/projects/(\d+)(?:/.*)?")
FETCHERS = 8
FETCH_SECONDS = 20.0


@dataclass(frozen=True, eq=False)
class LabelledProject:
    """The labelled tasks of a project, by ascending id.

    Attributes:
        name: its title.
        classes: of the label config.
        tasks: id and address of the image.
        labels: class of each.
    """

    name: str
    classes: tuple[str, ...]
    tasks: list[tuple[int, str]]
    labels: list[str]
    fetcher: ImageFetcher

    @classmethod
    def open(cls, address: str, token: str) -> Self:
        """Ask Label Studio for all annotations.

        Raises:
            SimulationError: no project's address, no token, or Label Studio refuses or does not answer.
        """
        found = ADDRESS.fullmatch(address)
        if found is None:
            raise SimulationError(f"{address} is no project's address, as http://host:8080/projects/3 is.")
        if not token:
            raise SimulationError("No token is given. Give one with --token, or set LABEL_STUDIO_API_KEY.")
        label_studio = LabelStudio(found[1], token)
        try:
            state = label_studio.project(int(found[2]))
            labeling = config.read(state.label_config)
            annotated = [with_annotations(task, labeling) for task in label_studio.annotated_tasks(int(found[2]))]
        except LabelLoopError as problem:
            raise SimulationError(f"{address}: {problem}") from problem
        answers = [annotation for task in annotated for annotation in task.annotations or ()]
        labels = {task: label.choice for task, label in resolve(answers, labeling.current).items()}
        labelled = sorted((task for task in annotated if task.id in labels), key=_by_id)
        return cls(
            name=f"{state.title} ({address})",
            classes=labeling.classes,
            tasks=[(task.id, task.image) for task in labelled],
            labels=[labels[task.id] for task in labelled],
            fetcher=ImageFetcher(label_studio, max_bytes=LIMITS.max_bytes, seconds=FETCH_SECONDS),
        )

    def read(self, backbone: Backbone, cache: Path) -> LabelledData:
        """Fetch and embed the images; those that can't be used are left out, and counted.

        Raises:
            SimulationError: fewer than two classes are left.
        """
        features, numbers = embed(self._files(), len(self.tasks), backbone, cache)
        if len(numbers) < len(self.tasks):
            print(f"Left out: {len(self.tasks) - len(numbers)} tasks whose image can't be used.", flush=True)
        if not len(numbers):
            raise SimulationError(f"{self.name} has no labelled task with an image that can be used.")
        places = {name: place for place, name in enumerate(self.classes)}
        targets = np.array([places[self.labels[number]] for number in numbers.tolist()], dtype=np.int64)
        return LabelledData.of(self.name, features, targets, self.classes)

    def _files(self) -> Iterator[tuple[int, bytes]]:
        numbers = iter(range(len(self.tasks)))
        with ThreadPoolExecutor(FETCHERS) as threads:
            while chunk := list(islice(numbers, 8 * FETCHERS)):
                for number, content in zip(chunk, threads.map(self._fetch, chunk), strict=True):
                    if content is not None:
                        yield number, content

    def _fetch(self, number: int) -> bytes | None:
        task, address = self.tasks[number]
        try:
            return self.fetcher.fetch(address, task)
        except ImageUnavailableError:
            return None


def _by_id(task: PulledTask) -> int:
    return task.id
