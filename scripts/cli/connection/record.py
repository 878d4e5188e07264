"""What a project was like before it was attached, kept in a file until it is detached."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import Json, LabelStudioApi

OUR_SETTINGS = ("sampling", "model_version", "show_collab_predictions")


@dataclass(frozen=True)
class Record:
    """A project before the first attach.

    Attributes:
        label_studio: its address.
        project: number there.
        backend: address attached.
        settings: of the project, those that attaching or the backend change.
        webhooks: to this backend, as Label Studio's API shows them.
        connections: to this backend, as Label Studio's API shows them (without the password).
    """

    label_studio: str
    project: int
    backend: str
    settings: dict[str, Any]
    webhooks: list[Json]
    connections: list[Json]


def path(records: Path, label_studio_url: str, project_id: int) -> Path:
    """File of a project's record: `<host>-<port>-<project>.json`."""
    address = urlsplit(label_studio_url)
    port = address.port or (443 if address.scheme == "https" else 80)
    return records / f"{address.hostname}-{port}-{project_id}.json"


def take(label_studio: LabelStudioApi, project_id: int, backend: BackendAddress) -> Record:
    """Read off Label Studio what a project is like now."""
    project = label_studio.project(project_id)
    return Record(
        label_studio=label_studio.url,
        project=project_id,
        backend=backend.url,
        settings={name: project[name] for name in OUR_SETTINGS},
        webhooks=[hook for hook in label_studio.webhooks(project_id) if same_address(hook["url"], backend.webhook_url)],
        connections=[
            connection
            for connection in label_studio.connections(project_id)
            if same_address(connection["url"], backend.url)
        ],
    )


def save(record: Record, file: Path) -> None:
    """Write a record whole or not at all; only its owner may read it, for webhook headers are secrets."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    unfinished.replace(file)


def load(file: Path) -> Record | None:
    """The record in a file, or None where the project was never attached from here."""
    if not file.exists():
        return None
    return Record(**json.loads(file.read_text(encoding="utf-8")))


def same_address(one: str, other: str) -> bool:
    """Whether two addresses differ in no more than a trailing slash."""
    return one.rstrip("/") == other.rstrip("/")
