"""Label Studio projects to measure on: images, labels that are there already, the backend attached, all embedded."""

import time
from dataclasses import dataclass

from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import LabelStudioApi
from scripts.cli.connection.attach import attach
from scripts.cli.connection.findings import has_errors
from scripts.cli.progress import progress
from scripts.lab.benchmarks.errors import BenchmarkError
from scripts.lab.benchmarks.images import ImageSet
from scripts.lab.benchmarks.stack import Stack
from scripts.stack.client import BackendPage, LabelStudioPage
from scripts.stack.image_project import Json, address, choice_region, create_project, import_tasks, serve_images

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
    project = create_project(api, f"benchmark of {len(images.names)} tasks", images.classes)
    serve_images(api, project, images.folder)
    ids = import_tasks(api, project, [_task(images, number, number < labelled) for number in range(len(images.names))])
    started = time.monotonic()
    findings = attach(api, project, BackendAddress(stack.backend.url), stack.records)
    if has_errors(findings):
        raise BenchmarkError("; ".join(f"{finding.what} {finding.mend}" for finding in findings))
    _wait_until_ready(stack, project, labelled, len(ids))
    return BenchmarkProject(
        id=project,
        truth=dict(zip(ids, images.labels, strict=True)),
        images=dict(zip(ids, (address(images.folder, name) for name in images.names), strict=True)),
        labelled=frozenset(ids[:labelled]),
        ready_seconds=time.monotonic() - started,
    )


def pages(stack: Stack, project: int) -> tuple[LabelStudioPage, BackendPage]:
    """Sessions with both servers, for one thread."""
    label_studio = LabelStudioPage(stack.label_studio.url, stack.label_studio.token, project)
    return label_studio, BackendPage(stack.backend.url, stack.backend.basic_auth, project)


def _task(images: ImageSet, number: int, has_label: bool) -> Json:
    task: Json = {"data": {"image": address(images.folder, images.names[number])}}
    if has_label:
        task["annotations"] = [{"result": [choice_region(images.labels[number])]}]
    return task


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
