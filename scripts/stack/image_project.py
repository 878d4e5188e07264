"""A project of images on Label Studio's own disk: its label config, storage, tasks and answers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from scripts.cli.connection.api import LabelStudioApi
from scripts.cli.progress import progress

FROM_NAME = "choice"
TO_NAME = "image"
TASKS_AT_ONCE = 500

Json = dict[str, Any]


def label_config(classes: Sequence[str]) -> str:
    """One image and one single choice of the classes, in their order, as XML."""
    # Two seconds: it imports pandas.
    from label_studio_sdk.label_interface.create import choices  # noqa: PLC0415
    from label_studio_sdk.label_interface.interface import LabelInterface  # noqa: PLC0415

    choice = choices(list(classes), choice="single", showInline="true")  # type: ignore[no-untyped-call]
    config: str = LabelInterface.create({TO_NAME: "Image", FROM_NAME: choice}, pretty=False)  # type: ignore[no-untyped-call]
    return config


def create_project(api: LabelStudioApi, title: str, classes: Sequence[str]) -> int:
    """Make a project without tasks; returns its id.

    Raises:
        ApiError: Label Studio refuses, or does not answer.
    """
    return int(api.add_project(title=title, label_config=label_config(classes))["id"])


def serve_images(api: LabelStudioApi, project: int, folder: Path) -> None:
    """Let Label Studio serve the images of a folder below its document root to a project's users.

    Raises:
        ApiError: Label Studio refuses, or does not answer.
    """
    api.add_local_storage(project=project, title="images", path=str(folder), use_blob_urls=True)


def address(folder: Path, name: str) -> str:
    """Address of an image, as Label Studio serves it.

    Args:
        folder: right below the document root.
        name: of the file in it.
    """
    return f"/data/local-files/?d={quote(f'{folder.name}/{name}')}"


def import_tasks(api: LabelStudioApi, project: int, tasks: Sequence[Json]) -> list[int]:
    """Make tasks; returns their ids, in the same order.

    Args:
        api: of Label Studio.
        project: that gets them.
        tasks: each with `data`, perhaps with `annotations`.

    Raises:
        ApiError: Label Studio refuses, or does not answer.
    """
    ids: list[int] = []
    with progress("importing tasks", len(tasks), "task", kept=False) as bar:
        for start in range(0, len(tasks), TASKS_AT_ONCE):
            ids += api.import_tasks(project, tasks[start : start + TASKS_AT_ONCE])
            bar.reach(len(ids))
    return ids


def choice_region(name: str) -> Json:
    """The region that Label Studio's page makes when a person picks a choice."""
    return {
        "id": uuid4().hex[:10],
        "from_name": FROM_NAME,
        "to_name": TO_NAME,
        "type": "choices",
        "origin": "manual",
        "value": {"choices": [name]},
    }
