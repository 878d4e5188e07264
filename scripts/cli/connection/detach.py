"""Take the backend off a project of Label Studio and put back what `attach` found."""

from collections.abc import Collection
from pathlib import Path

from scripts.cli.connection import record
from scripts.cli.connection.address import BackendAddress
from scripts.cli.connection.api import ApiError, Json, LabelStudioApi
from scripts.cli.connection.backend_checks import known_versions
from scripts.cli.connection.checks import prerequisites
from scripts.cli.connection.findings import Finding, has_errors, ok, warning
from scripts.cli.connection.project_checks import SETTINGS

WEBHOOK_FIELDS = ("url", "send_payload", "send_for_all_actions", "is_active", "headers", "actions")


def detach(label_studio: LabelStudioApi, project_id: int, backend_url: str, records: Path) -> list[Finding]:
    """Put webhook, ML connection, sampling and `model_version` back as they were, then delete the record.

    What somebody has set by hand since stays. Without a record only what is surely ours goes: the webhook and the
    connection to the backend's address. Predictions stay: they are the project's.

    Args:
        label_studio: the Label Studio that holds the project.
        project_id: of an existing project.
        backend_url: of the backend to take off, as Label Studio knows it.
        records: folder that `attach` was given.
    """
    findings = prerequisites(label_studio, project_id)
    if has_errors(findings):
        return findings
    file = record.path(records, label_studio.url, project_id)
    before = record.load(file)
    if before is None or not record.same_address(before.backend, backend_url):
        backend = BackendAddress(backend_url)
        findings = [
            _put_webhooks_back(label_studio, project_id, backend, []),
            _put_connections_back(label_studio, project_id, backend, []),
        ]
        return [*findings, _nothing_recorded(label_studio, project_id, before)]
    backend = BackendAddress(before.backend)
    ours = _our_versions(label_studio, project_id, backend)
    findings = [
        _put_webhooks_back(label_studio, project_id, backend, before.webhooks),
        _put_connections_back(label_studio, project_id, backend, before.connections),
        # After the connection: Label Studio's code means to clear a model_version that names a deleted one.
        *_put_settings_back(label_studio, project_id, before, ours),
    ]
    file.unlink()
    return findings


def _put_webhooks_back(
    label_studio: LabelStudioApi, project_id: int, backend: BackendAddress, before: list[Json]
) -> Finding:
    """A webhook outlives the connection that it was made with, so it is deleted, or put back, by itself."""
    ours = [hook for hook in label_studio.webhooks(project_id) if record.same_address(hook["url"], backend.webhook_url)]
    for hook in ours:
        label_studio.remove_webhook(hook["id"])
    for hook in before:
        fields = {name: hook[name] for name in WEBHOOK_FIELDS}
        label_studio.add_webhook(project=project_id, **fields)
    if before:
        return ok(f"Webhook {backend.webhook_url} is as it was before.")
    return ok(f"Webhook {backend.webhook_url} removed." if ours else f"There was no webhook {backend.webhook_url}.")


def _put_connections_back(
    label_studio: LabelStudioApi, project_id: int, backend: BackendAddress, before: list[Json]
) -> Finding:
    """Delete the connections to the backend that attaching added; one that was there before stays."""
    kept = {connection["id"] for connection in before}
    removed = 0
    for connection in label_studio.connections(project_id):
        if record.same_address(connection["url"], backend.url) and connection["id"] not in kept:
            label_studio.remove_connection(connection["id"])
            removed += 1
    if kept:
        return ok(f"The ML connection to {backend.url} was there before and stays.")
    return ok(
        f"ML connection to {backend.url} removed." if removed else f"There was no ML connection to {backend.url}."
    )


def _our_versions(label_studio: LabelStudioApi, project_id: int, backend: BackendAddress) -> set[str]:
    """What `model_version` may be without anybody having chosen it by hand; asked while the connection is there."""
    ours = {"", *(known_versions(backend, project_id) or ())}
    for connection in label_studio.connections(project_id):
        if record.same_address(connection["url"], backend.url):
            ours |= {connection["title"], connection["model_version"] or ""}
    return ours


def _put_settings_back(
    label_studio: LabelStudioApi, project_id: int, before: record.Record, our_versions: Collection[str]
) -> list[Finding]:
    """Restore sampling and the page's pre-annotations, then `model_version`, unless somebody chose others since."""
    now = label_studio.project(project_id)
    others = {name: before.settings[name] for name, ours in SETTINGS.items() if now[name] == ours}
    by_hand = sorted(name for name in SETTINGS if name not in others and now[name] != before.settings[name])
    if others:
        label_studio.change_project(project_id, **others)
    findings = []
    if "sampling" in others:
        findings.append(ok(f"Sampling of project {project_id} is {others['sampling']} again."))
    findings += [ok(f"{name} of project {project_id} was changed since, and stays {now[name]!r}.") for name in by_hand]
    version = now["model_version"] or ""
    if version not in our_versions and version != (before.settings["model_version"] or ""):
        return [*findings, ok(f"model_version of project {project_id} was chosen by hand, and stays {version!r}.")]
    return [*findings, _put_version_back(label_studio, project_id, before)]


def _put_version_back(label_studio: LabelStudioApi, project_id: int, before: record.Record) -> Finding:
    """Restore `model_version`, which Label Studio may refuse."""
    version = before.settings["model_version"] or ""  # Label Studio takes no null here; both mean none.
    try:
        label_studio.change_project(project_id, model_version=version)
    except ApiError as refusal:
        label_studio.change_project(project_id, model_version="")
        return warning(
            f"model_version of project {project_id} was {version!r}, which Label Studio has no more ({refusal}).",
            "It is empty now; choose another under Settings > Annotation > Live predictions.",
        )
    return ok(f"model_version of project {project_id} is {version or 'empty'} again.")


def _nothing_recorded(label_studio: LabelStudioApi, project_id: int, other: record.Record | None) -> Finding:
    """Say what was left alone, because nothing tells what it was."""
    project = label_studio.project(project_id)
    why = f"the record is of another backend ({other.backend})" if other else "there is no record of attaching it here"
    return warning(
        f"Sampling ({project['sampling']}) and model_version ({project['model_version'] or 'empty'}) of project "
        f"{project_id} are left as they are: {why}.",
        "Set them in Label Studio, under Settings, if they should be others.",
    )
