"""Attach the backend to a project of Label Studio, idempotently, keeping a record of what was there before."""

from pathlib import Path

from scripts.cli.connection import answers, record
from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import ApiError, Json, LabelStudioApi, when_free
from scripts.cli.connection.backend_checks import backend_from_here
from scripts.cli.connection.checks import prerequisites
from scripts.cli.connection.findings import Finding, error, has_errors, ok
from scripts.cli.connection.project_checks import SAMPLING, SETTINGS

TITLE = "Label Loop"


def attach(label_studio: LabelStudioApi, project_id: int, backend: BackendAddress, records: Path) -> list[Finding]:
    """Connect the backend to a project: ML connection, one webhook with its header, uncertainty sampling.

    Attached again, it repairs what was changed since and leaves the record of the first time alone.

    Args:
        label_studio: the Label Studio that holds the project.
        project_id: of an existing project.
        backend: as Label Studio must reach it; it must be running, for Label Studio calls it.
        records: folder of the records that `detach` puts things back from.

    Returns:
        One finding per thing set or found wrong; `has_errors` tells whether the project is attached.
    """
    findings = prerequisites(label_studio, project_id)
    if has_errors(findings):
        return findings
    file = record.path(records, label_studio.url, project_id)
    earlier = record.load(file)
    if earlier and not record.same_address(earlier.backend, backend.url):
        return [
            error(
                f"Project {project_id} is attached to another backend ({earlier.backend}).",
                f"Run disconnect --backend {earlier.backend} first.",
            )
        ]
    before = earlier or record.take(label_studio, project_id, backend)
    record.save(before, file)

    def connect() -> Finding:
        try:
            return _connect(label_studio, project_id, backend)
        except ApiError:
            _remove_half_made(label_studio, project_id, before)
            raise

    try:
        findings = [when_free(connect)]
    except ApiError as refusal:
        if earlier is None:
            file.unlink()  # Nothing is changed, so there is nothing to put back.
        return [*backend_from_here(backend, project_id), answers.of_connection(refusal, backend)]
    try:
        findings.append(_set_webhook(label_studio, project_id, backend))
    except ApiError as refusal:
        findings.append(answers.of_webhook(refusal, backend))
    findings.append(_set_sampling(label_studio, project_id))
    return findings


def _connect(label_studio: LabelStudioApi, project_id: int, backend: BackendAddress) -> Finding:
    """Add the ML connection, or bring an existing one to the same address and credentials up to date."""
    wanted: Json = {"url": backend.url, "project": project_id, "title": TITLE, "auth_method": "NONE"}
    if backend.basic_auth:
        user, password = backend.basic_auth
        wanted |= {"auth_method": "BASIC_AUTH", "basic_auth_user": user, "basic_auth_pass": password}
    for connection in label_studio.connections(project_id):
        if record.same_address(connection["url"], backend.url):
            # Title is kept: model_version may name it. Label Studio calls the backend before it takes a change.
            del wanted["title"]
            label_studio.change_connection(connection["id"], **wanted)
            return ok(f"Label Studio reaches the backend {backend.url} (ML connection {connection['id']}, kept).")
    connection = label_studio.add_connection(**wanted)
    return ok(f"Label Studio reaches the backend {backend.url} (ML connection {connection['id']}, added).")


def _remove_half_made(label_studio: LabelStudioApi, project_id: int, before: record.Record) -> None:
    """Label Studio saves the connection, then may refuse because of its webhook, or find its database busy."""
    if before.connections:
        return
    for connection in label_studio.connections(project_id):
        if record.same_address(connection["url"], before.backend):
            label_studio.remove_connection(connection["id"])


def _set_webhook(label_studio: LabelStudioApi, project_id: int, backend: BackendAddress) -> Finding:
    """Leave exactly one webhook to the backend, for all events, with the header that lets it in.

    Label Studio makes one with the connection, but without a header, and none where it exists already.
    """
    wanted: Json = {
        "url": backend.webhook_url,
        "send_payload": True,
        "send_for_all_actions": True,
        "is_active": True,
        "headers": backend.webhook_headers,
    }
    ours = [hook for hook in label_studio.webhooks(project_id) if record.same_address(hook["url"], backend.webhook_url)]
    if not ours:
        label_studio.add_webhook(project=project_id, **wanted)
        return ok(f"Webhook {backend.webhook_url} made.")
    label_studio.change_webhook(ours[0]["id"], **wanted)
    for doubled in ours[1:]:
        label_studio.remove_webhook(doubled["id"])
    return ok(f"Webhook {backend.webhook_url} set" + (f", {len(ours) - 1} doubled removed." if ours[1:] else "."))


def _set_sampling(label_studio: LabelStudioApi, project_id: int) -> Finding:
    """Ask for the lowest score first and for pre-annotations on the page, which any project may have turned off."""
    label_studio.change_project(project_id, **SETTINGS)
    return ok(f"Sampling of project {project_id} is {SAMPLING}.")
