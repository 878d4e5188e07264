"""Label Studio projects to measure on: images, labels that are there already, the backend attached, all embedded."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import LabelStudioApi
from scripts.cli.connection.attach import attach
from scripts.cli.connection.findings import has_errors
from scripts.cli.progress import progress, tracked
from scripts.demo_app.annotator import choice_region
from scripts.demo_app.client import BackendPage, LabelStudioPage
from scripts.demo_app.project import label_config
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.benchmarks.images import ImageSet
from scripts.lab.benchmarks.stack import Stack

Json = dict[str, Any]

IMPORT_TASKS = 500
READY_SECONDS = 60.0
# Slow machines embed about ten images a second.
READY_SECONDS_PER_TASK = 0.1
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class BenchmarkProject:
    """A project whose first version is published.

    Attributes:
        id: Label Studio's.
        truth: class by task id.
        images: image address by task id.
        labelled: tasks that have been labelled from the beginning.
        ready_seconds: from attaching the backend until a version knew all labels and all tasks.
    """

    id: int
    truth: dict[int, str]
    images: dict[int, str]
    labelled: frozenset[int]
    ready_seconds: float


def make(stack: Stack, images: ImageSet, labelled: int) -> BenchmarkProject:
    """Make a project with a task per image, attach the backend, and wait for a version that knows all of it.

    Args:
        stack: Label Studio and the backend, running.
        images: below the stack's document root.
        labelled: how many tasks have their true label from the beginning.

    Raises:
        BenchmarkError: the backend did not get there in time.
    """
    api = LabelStudioApi(stack.label_studio.url, stack.label_studio.token)
    body = {"title": f"benchmark of {len(images.names)} tasks", "label_config": label_config(images.classes)}
    project = int(api.send_object("POST", "/api/projects/", body)["id"])
    storage = {"project": project, "title": "images", "path": str(images.folder), "use_blob_urls": True}
    api.send_object("POST", "/api/storages/localfiles", storage)
    ids = _import(api, project, [_task(images, number, number < labelled) for number in range(len(images.names))])
    started = time.monotonic()
    findings = attach(api, project, BackendAddress(stack.backend.url), stack.records)
    if has_errors(findings):
        raise BenchmarkError("; ".join(f"{finding.what} {finding.mend}" for finding in findings))
    _wait_until_ready(stack, project, labelled, len(ids))
    return BenchmarkProject(
        id=project,
        truth=dict(zip(ids, images.labels, strict=True)),
        images=dict(zip(ids, (address(images, name) for name in images.names), strict=True)),
        labelled=frozenset(ids[:labelled]),
        ready_seconds=time.monotonic() - started,
    )


def pages(stack: Stack, project: int) -> tuple[LabelStudioPage, BackendPage]:
    """Sessions with both servers, for one thread."""
    label_studio = LabelStudioPage(stack.label_studio.url, stack.label_studio.token, project)
    return label_studio, BackendPage(stack.backend.url, stack.backend.basic_auth, project)


def address(images: ImageSet, name: str) -> str:
    """Address of an image file, as Label Studio's Local Files storage serves it."""
    return f"/data/local-files/?d={quote(f'{images.folder.name}/{name}')}"


def _task(images: ImageSet, number: int, has_label: bool) -> Json:
    task: Json = {"data": {"image": address(images, images.names[number])}}
    if has_label:
        task["annotations"] = [{"result": [choice_region(images.labels[number])]}]
    return task


def _import(api: LabelStudioApi, project: int, tasks: Sequence[Json]) -> list[int]:
    ids: list[int] = []
    path = f"/api/projects/{project}/import?return_task_ids=true"
    for start in tracked(range(0, len(tasks), IMPORT_TASKS), "importing tasks", kept=False):
        ids += api.send_object("POST", path, tasks[start : start + IMPORT_TASKS])["task_ids"]
    return ids


def _wait_until_ready(stack: Stack, project: int, labelled: int, tasks: int) -> None:
    label_studio, backend = pages(stack, project)
    deadline = time.monotonic() + READY_SECONDS + READY_SECONDS_PER_TASK * tasks
    with progress("looking at the images", tasks, "image", kept=False) as bar:
        while time.monotonic() < deadline:
            version = backend.version(label_studio.active_version() or "none")
            if version is not None:
                bar.reach(version["labels"] + version["queue"])
                if (version["labels"], version["queue"]) == (labelled, tasks - labelled):
                    return
            time.sleep(POLL_SECONDS)
    raise BenchmarkError(f"No version of all {tasks} tasks after {READY_SECONDS:.0f} s and more. See the logs.")
